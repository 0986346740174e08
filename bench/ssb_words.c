/* SPDX-License-Identifier: MIT */
/*
 * The word lists as tables. Reading them from a file beside the program, as the specification's own
 * generator does, was rejected: the program would then need to find it.
 */
#include "ssb_words.h"

const ssb_nation ssb_nations[SSB_NATIONS] = {
    {"ALGERIA", "AFRICA"},
    {"ARGENTINA", "AMERICA"},
    {"BRAZIL", "AMERICA"},
    {"CANADA", "AMERICA"},
    {"EGYPT", "MIDDLE EAST"},
    {"ETHIOPIA", "AFRICA"},
    {"FRANCE", "EUROPE"},
    {"GERMANY", "EUROPE"},
    {"INDIA", "ASIA"},
    {"INDONESIA", "ASIA"},
    {"IRAN", "MIDDLE EAST"},
    {"IRAQ", "MIDDLE EAST"},
    {"JAPAN", "ASIA"},
    {"JORDAN", "MIDDLE EAST"},
    {"KENYA", "AFRICA"},
    {"MOROCCO", "AFRICA"},
    {"MOZAMBIQUE", "AFRICA"},
    {"PERU", "AMERICA"},
    {"CHINA", "ASIA"},
    {"ROMANIA", "EUROPE"},
    {"SAUDI ARABIA", "MIDDLE EAST"},
    {"VIETNAM", "ASIA"},
    {"RUSSIA", "EUROPE"},
    {"UNITED KINGDOM", "EUROPE"},
    {"UNITED STATES", "AMERICA"},
};

#define SSB_LIST(name, ...)                               \
  static const char *const name##_list[] = {__VA_ARGS__}; \
  const ssb_words name = {name##_list, (unsigned)(sizeof name##_list / sizeof name##_list[0])}

SSB_LIST(ssb_priorities, "1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW");
SSB_LIST(ssb_ship_modes, "REG AIR", "AIR", "RAIL", "TRUCK", "MAIL", "FOB", "SHIP");
SSB_LIST(ssb_segments, "AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY");
SSB_LIST(ssb_type_finish, "STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO");
SSB_LIST(ssb_type_work, "ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED");
SSB_LIST(ssb_type_metal, "TIN", "NICKEL", "BRASS", "STEEL", "COPPER");
SSB_LIST(ssb_container_size, "SM", "LG", "MED", "JUMBO", "WRAP");
SSB_LIST(ssb_container_kind, "CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM");
SSB_LIST(ssb_colours, "almond", "antique", "aquamarine", "azure", "beige", "bisque", "black",
         "blanched", "blue", "blush", "brown", "burlywood", "burnished", "chartreuse", "chiffon",
         "chocolate", "coral", "cornflower", "cornsilk", "cream", "cyan", "dark", "deep", "dim",
         "dodger", "drab", "firebrick", "floral", "forest", "frosted", "gainsboro", "ghost",
         "goldenrod", "green", "grey", "honeydew", "hot", "indian", "ivory", "khaki", "lace",
         "lavender", "lawn", "lemon", "light", "lime", "linen", "magenta", "maroon", "medium",
         "metallic", "midnight", "mint", "misty", "moccasin", "navajo", "navy", "olive", "orange",
         "orchid", "pale", "papaya", "peach", "peru", "pink", "plum", "powder", "puff", "purple",
         "red", "rose", "rosy", "royal", "saddle", "salmon", "sandy", "seashell", "sienna", "sky",
         "slate", "smoke", "snow", "spring", "steel", "tan", "thistle", "tomato", "turquoise",
         "violet", "wheat", "white", "yellow");
