# What Monitoring::Plugin, the library of many plugins, reads of our performance data: perfdata.pl < OUTPUT
use strict;
use warnings;
use JSON::PP;
use Monitoring::Plugin::Performance;

my $first = <STDIN>;
my ( $said, $data ) = split /\|/, $first, 2;
my %read = map { $_->label => $_->value + 0 } Monitoring::Plugin::Performance->parse_perfstring($data);
my ($state) = $said =~ /^ECE-CHECK (OK|WARNING|CRITICAL|UNKNOWN) - \S/;
print encode_json( { state => $state, data => \%read } );
