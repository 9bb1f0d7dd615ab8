using Link.Core.Net;
using Xunit;

namespace Link.Tests.Net;

/// <summary>The bytes are those of a little-endian machine, as netlink is in host order.</summary>
public sealed class RouteRequestsTests
{
    private readonly RouteRequests _requests = new(4);

    [Fact]
    public void Adding_an_IPv4_address_is_exclusive_marked_and_ends()
    {
        _requests.AddAddress(sequence: 7, interfaceIndex: 3, VirtualAddress.Parse("10.0.0.1/32"), lifetimeSeconds: 11, replace: false);
        Assert.Equal(
            "44000000" + "1400" + "0506" + "07000000" + "00000000"     // 68 bytes, RTM_NEWADDR, REQUEST|ACK|EXCL|CREATE, sequence, port
            + "02" + "20" + "00" + "00" + "03000000"                   // AF_INET, /32, no flags, scope global, interface 3
            + "0800" + "0200" + "0a000001"                             // IFA_LOCAL
            + "0800" + "0100" + "0a000001"                             // IFA_ADDRESS
            + "0500" + "0b00" + "4c" + "000000"                        // IFA_PROTO 76, padded
            + "1400" + "0600" + "0b000000" + "0b000000" + "0000000000000000", // IFA_CACHEINFO: preferred and valid 11 s
            Hex());
    }

    [Fact]
    public void Adding_an_IPv6_address_skips_duplicate_detection_and_deprecates_it()
    {
        _requests.AddAddress(sequence: 8, interfaceIndex: 3, VirtualAddress.Parse("2001:db8::1"), lifetimeSeconds: null, replace: false);
        Assert.Equal(
            "64000000" + "1400" + "0506" + "08000000" + "00000000"
            + "0a" + "80" + "00" + "00" + "03000000"
            + "1400" + "0200" + "20010db8000000000000000000000001"
            + "1400" + "0100" + "20010db8000000000000000000000001"
            + "0800" + "0800" + "02020000"                             // IFA_FLAGS: NODAD|NOPREFIXROUTE
            + "0500" + "0b00" + "4c" + "000000"
            + "1400" + "0600" + "00000000" + "ffffffff" + "0000000000000000", // never preferred, valid for ever
            Hex());
    }

    [Fact]
    public void A_refresh_replaces_and_an_address_with_a_subnet_makes_no_route()
    {
        _requests.AddAddress(sequence: 9, interfaceIndex: 3, VirtualAddress.Parse("10.0.0.1/24"), lifetimeSeconds: 3, replace: true);
        Assert.Equal(
            "4c000000" + "1400" + "0501" + "09000000" + "00000000"     // REQUEST|ACK|REPLACE
            + "02" + "18" + "00" + "00" + "03000000"
            + "0800" + "0200" + "0a000001"
            + "0800" + "0100" + "0a000001"
            + "0800" + "0800" + "00020000"                             // IFA_FLAGS: NOPREFIXROUTE
            + "0500" + "0b00" + "4c" + "000000"
            + "1400" + "0600" + "03000000" + "03000000" + "0000000000000000",
            Hex());
    }

    [Fact]
    public void Removals_follow_one_another_in_one_buffer()
    {
        _requests.RemoveAddress(sequence: 1, interfaceIndex: 3, VirtualAddress.Parse("10.0.0.1/32"));
        _requests.RemoveAddress(sequence: 2, interfaceIndex: 3, VirtualAddress.Parse("10.0.0.2/32"));
        Assert.Equal(
            "28000000" + "1500" + "0500" + "01000000" + "00000000" + "02200000" + "03000000" + "08000200" + "0a000001" + "08000100" + "0a000001"
            + "28000000" + "1500" + "0500" + "02000000" + "00000000" + "02200000" + "03000000" + "08000200" + "0a000002" + "08000100" + "0a000002",
            Hex());
    }

    private string Hex() => Convert.ToHexStringLower(_requests.Written);
}
