#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Answers the demo's questions over a package index by itself, in another language and by other
# algorithms, from the stanzas alone. Only modules of perl-base.
#
#   closure_oracle.pl INDEX forward|reverse|breaks PACKAGE   names, one a line, in byte order
#   closure_oracle.pl INDEX distance FROM TO                 edges on a shortest way, or "none"
#   closure_oracle.pl INDEX sections                         section<TAB>KiB, in byte order
#   closure_oracle.pl INDEX edges                            type<TAB>count, in byte order
#   closure_oracle.pl INDEX csv                              name,section,KiB,bytes,maintainer
use strict;
use warnings;

my ($index, $what, @about) = @ARGV;
die "usage: closure_oracle.pl INDEX QUESTION [PACKAGE ...]\n" if !defined $what;
my %relation = ('depends' => 'Depends', 'pre-depends' => 'PreDepends', 'recommends' => 'Recommends',
  'suggests' => 'Suggests', 'conflicts' => 'Conflicts', 'provides' => 'Provides');

# ---- Reading ----

# dpkg's order of versions, the comparison written with regular expressions.
sub part_order {
  my ($x, $y) = @_;
  while (length $x || length $y) {
    $x =~ s/^(\D*)//; my $a = $1;
    $y =~ s/^(\D*)//; my $b = $1;
    my $rank = sub { join ',', (map { sprintf '%04d', $_ eq '~' ? 0 : /[A-Za-z]/ ? ord : 256 + ord }
      split //, $_[0]), '0001' };
    my $order = $rank->($a) cmp $rank->($b);
    return $order if $order;
    $x =~ s/^0*(\d*)//; $a = $1;
    $y =~ s/^0*(\d*)//; $b = $1;
    $order = length $a <=> length $b || $a cmp $b;
    return $order if $order;
  }
  return 0;
}
sub version_order {
  my @v = map { my ($e, $rest) = /^(\d+):(.*)$/ ? ($1, $2) : (0, $_);
    my ($u, $r) = $rest =~ /^(.*)-([^-]*)$/ ? ($1, $2) : ($rest, ''); [$e, $u, $r] } @_;
  return $v[0][0] <=> $v[1][0] || part_order($v[0][1], $v[1][1]) || part_order($v[0][2], $v[1][2]);
}

my %package;
{
  open my $in, '<', $index or die "$index: $!\n";
  my ($fields, $last);
  my $end = sub {
    my ($name, $version) = map { $fields->{$_} // '' } qw(package version);
    if ($name ne '' && $version ne '' && length $name <= 480) {
      my $known = $package{$name};
      $package{$name} = $fields if !$known || version_order($version, $known->{version}) > 0;
    }
    ($fields, $last) = ({}, undef);
  };
  $end->();
  while (my $line = <$in>) {
    $line =~ s/[\r\n]+$//;
    if ($line =~ /^\s*$/) { $end->(); next }
    next if $line =~ /^#/;
    if ($line =~ /^[ \t](.*)/) { $fields->{$last} .= "\n$1" if defined $last; next }
    ($last) = (undef);
    next if $line !~ /^([^:]+?)\s*:\s*(.*?)\s*$/;
    my ($name, $value) = (lc $1, $2);
    next if exists $fields->{$name} && $fields->{$name} ne '';
    $fields->{ $last = $name } = $value;
  }
  $end->();
}

# name => [[type, [alternatives]], ...]
sub groups {
  my ($fields, @kinds) = @_;
  my @groups;
  for my $kind (@kinds) {
    for my $group (split /,/, $fields->{$kind} // '') {
      my @names;
      for (split /\|/, $group) {
        push @names, $1 if /^\s*([^\s:(\[<|,]+)(?::[^\s(\[<|,]+)?\s*
          (?:\(\s*(?:<<|<=|>>|>=|=|<|>)\s*[^\s)]+\s*\)\s*|\[[^\]]*\]\s*|<[^>]*>\s*)*$/x;
      }
      push @groups, [$relation{$kind}, \@names] if @names;
    }
  }
  return @groups;
}
my (%needs, %provided_by);
for my $name (keys %package) {
  $needs{$name} = [ groups($package{$name}, 'depends', 'pre-depends') ];
  for (groups($package{$name}, 'provides')) { push @{ $provided_by{$_} }, $name for @{ $_->[1] } }
}

# ---- Answering ----

# Every name reached, by repeated passes of a depth-first stack.
sub reach {
  my ($start, $next) = @_;
  my %seen = ($start => 1);
  my @stack = ($start);
  while (@stack) {
    my $at = pop @stack;
    for (@{ $next->{$at} // [] }) { push @stack, $_ if !$seen{$_}++ }
  }
  delete $seen{$start};
  return grep { $package{$_} } keys %seen;
}
sub forward_map {
  my %map;
  for my $name (keys %needs) { $map{$name} = [ map { @{ $_->[1] } } @{ $needs{$name} } ] }
  return \%map;
}
sub reverse_map {
  my %map;
  for my $name (keys %needs) { push @{ $map{$_} }, $name for map { @{ $_->[1] } } @{ $needs{$name} } }
  return \%map;
}
# The packages that cannot be installed without `gone`: looks at all packages again and again until
# a pass finds no further one.
sub broken_without {
  my ($gone) = @_;
  my %broken = defined $gone && $package{$gone} ? ($gone => 1) : ();
  my $here = sub {
    my ($name) = @_;
    return 1 if $package{$name} && !$broken{$name};
    return scalar grep { !$broken{$_} } @{ $provided_by{$name} // [] };
  };
  for (my $found = 1; $found;) {
    $found = 0;
    for my $name (keys %package) {
      next if $broken{$name};
      next if !grep { !grep { $here->($_) } @{ $_->[1] } } @{ $needs{$name} };
      $broken{$name} = $found = 1;
    }
  }
  return \%broken;
}

if ($what eq 'forward') {
  print "$_\n" for sort(reach($about[0], forward_map()));
} elsif ($what eq 'reverse') {
  print "$_\n" for sort(reach($about[0], reverse_map()));
} elsif ($what eq 'breaks') {
  my $before = broken_without(undef);
  my $after  = broken_without($about[0]);
  print "$_\n" for sort grep { !$before->{$_} && $_ ne $about[0] } keys %$after;
} elsif ($what eq 'distance') {
  my ($from, $to) = @about;
  my ($map, %distance) = (forward_map(), $from => 0);
  my @level = ($from);
  while (@level && !exists $distance{$to}) {
    my @next;
    for my $at (@level) {
      for (@{ $map->{$at} // [] }) {
        next if exists $distance{$_};
        $distance{$_} = $distance{$at} + 1;
        push @next, $_;
      }
    }
    @level = @next;
  }
  print $distance{$to} // 'none', "\n";
} elsif ($what eq 'sections') {
  my %sum;
  for (values %package) {
    my ($size) = ($_->{'installed-size'} // '') =~ /^(\d+)/;
    my $section = $_->{section} // '';
    $sum{ $section ne '' ? $section : 'unknown' } += $size // 0;
  }
  print "$_\t$sum{$_}\n" for sort keys %sum;
} elsif ($what eq 'edges') {
  my %count;
  for my $fields (values %package) {
    $count{ $_->[0] } += @{ $_->[1] } for groups($fields, keys %relation);
  }
  print "$_\t$count{$_}\n" for sort keys %count;
} elsif ($what eq 'csv') {
  for my $name (sort keys %package) {
    my $fields = $package{$name};
    my @cells = ($name, ($fields->{section} // '') ne '' ? $fields->{section} : 'unknown',
      map { ($fields->{$_} // '') =~ /^(\d+)/ ? $1 : '' } qw(installed-size size));
    push @cells, $fields->{maintainer} // '';
    print join(',', map { s/"/""/gr =~ s/^(.*)$/"$1"/sr } @cells), "\n";
  }
} else {
  die "no such question: $what\n";
}
