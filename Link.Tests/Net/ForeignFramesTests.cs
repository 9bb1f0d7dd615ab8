using System.Buffers.Binary;
using Link.Core.Net;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

/// <summary>
/// Frames that reach the interface and are not for its network, or that no neighbour would believe: from a raw socket, through the kernel.
/// What is heard of them is compared with a real rival that speaks after them.
/// </summary>
public sealed class ForeignFramesTests : IDisposable
{
    private const string Rival = "02:00:00:00:00:77", Marker = "02:00:00:00:00:78";
    private const ushort CustomerTag = 0x8100, ServiceTag = 0x88a8;

    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();

    public ForeignFramesTests()
    {
        NetworkNamespace.Connect(_a, _b);
        _a.Ip("address add 10.0.0.8/24 dev eth0");
        _a.Ip("address add 2001:db8::8/64 dev eth0 nodad");
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    public static TheoryData<string, int[]> ForeignTags => new()
    {
        { "10.0.0.1", [CustomerTag, 10] },
        { "10.0.0.1", [CustomerTag, 0xA00A] },
        { "10.0.0.1", [CustomerTag, 4095] },
        { "10.0.0.1", [ServiceTag, 10] },
        { "10.0.0.1", [ServiceTag, 10, CustomerTag, 20] },
        { "10.0.0.1", [ServiceTag, 10, CustomerTag, 0] },
        { "10.0.0.1", [CustomerTag, 0, CustomerTag, 10] },
        { "2001:db8::1", [CustomerTag, 10] },
        { "2001:db8::1", [ServiceTag, 10] },
        { "2001:db8::1", [ServiceTag, 10, CustomerTag, 20] },
        { "2001:db8::1", [CustomerTag, 0, CustomerTag, 10] },
    };

    [Theory]
    [MemberData(nameof(ForeignTags))]
    public void A_claim_in_another_VLAN_is_no_rival(string address, int[] tags) => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold(address);
        Send(Tagged(Claim(address, Rival), tags));
        HearMarker(host, address);
        Assert.DoesNotContain(host.Events.Lines, line => line.Contains(Rival, StringComparison.Ordinal));
    });

    [Theory]
    [MemberData(nameof(ForeignTags))]
    public void An_answer_in_another_VLAN_answers_no_question(string text, int[] tags) => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = HostAddress.Parse(text);
        List<LanAnswer> answers = [];
        host.Network.Ask(address, "eth0", TestHost.Now, answers.Add);
        host.Network.Flush(TestHost.Now);
        for (var i = 0; i < 20; i++)
            Send(Tagged(Claim(text, Rival), tags));
        host.Until(() => answers.Count > 0, "a verdict");
        Assert.Equal(new LanAnswer(address, LanVerdict.Silent), answers[0]);
    });

    [Theory]
    [InlineData("10.0.0.1", 0)]
    [InlineData("10.0.0.1", 0xA000)]
    [InlineData("2001:db8::1", 0)]
    [InlineData("2001:db8::1", 0xA000)]
    public void A_tag_that_says_priority_and_no_VLAN_is_of_our_network(string address, int tag) => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold(address);
        Hear(host, address, Rival, frame => Tagged(frame, [CustomerTag, tag]));
    });

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void A_host_whose_interface_is_a_VLAN_hears_its_rivals_and_no_others(string address) => _a.Run(() =>
    {
        Assert.SkipUnless(KernelHasVlans(), "this kernel has no VLAN interfaces (8021q)");
        _a.Ip("link add link eth0 name eth0.10 type vlan id 10");
        _a.Ip("link set eth0.10 up");
        _a.AwaitCarrier("eth0.10");
        using var host = new TestHost();
        host.Hold(address, "eth0.10");
        Send(Claim(address, Rival));
        Send(Tagged(Claim(address, Rival), [CustomerTag, 11]));
        Send(Tagged(Claim(address, Rival), [CustomerTag, 10, CustomerTag, 20]));
        Hear(host, address, Marker, frame => Tagged(frame, [CustomerTag, 10]));
        Assert.DoesNotContain(host.Events.Lines, line => line.Contains(Rival, StringComparison.Ordinal));

        List<LanAnswer> answers = [];
        var free = address == "10.0.0.1" ? "10.0.0.2" : "2001:db8::2";
        host.Network.Ask(HostAddress.Parse(free), "eth0.10", TestHost.Now, answers.Add);
        host.Network.Flush(TestHost.Now);
        Send(Tagged(Claim(free, Marker), [CustomerTag, 10]));
        host.Until(() => answers.Count > 0, "an answer");
        Assert.Equal(LanVerdict.Answered, answers[0].Verdict);
    });

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void What_was_sent_to_another_machine_is_no_rival_although_the_card_lets_everything_in(string address) => _a.Run(() =>
    {
        _a.Ip("link set eth0 promisc on");
        using var host = new TestHost();
        host.Hold(address);
        var frame = Claim(address, Rival);
        MacAddress.Parse("02:00:00:00:00:55").CopyTo(frame);
        Send(frame);
        HearMarker(host, address);
        Assert.DoesNotContain(host.Events.Lines, line => line.Contains(Rival, StringComparison.Ordinal));
    });

    /// <summary>Each byte as an offset into the frame and its new value.</summary>
    [Theory]
    [InlineData("10.0.0.1", 15, 6)]
    [InlineData("10.0.0.1", 18, 8)]
    [InlineData("10.0.0.1", 19, 16)]
    [InlineData("10.0.0.1", 6, 3)]
    [InlineData("10.0.0.1", 22, 3)]
    [InlineData("2001:db8::1", 21, 64)]
    [InlineData("2001:db8::1", 22, 255)]
    [InlineData("2001:db8::1", 55, 1)]
    [InlineData("2001:db8::1", 58, 0x60)]
    [InlineData("2001:db8::1", 6, 3)]
    public void What_no_neighbour_would_believe_is_no_rival(string address, int offset, byte value) => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold(address);
        var frame = Claim(address, Rival);
        frame[offset] = value;
        Send(frame);
        HearMarker(host, address);
        Assert.DoesNotContain(host.Events.Lines, line => line.StartsWith("rival", StringComparison.Ordinal) && !line.EndsWith(Marker, StringComparison.Ordinal));
    });

    private bool KernelHasVlans()
    {
        try
        {
            _a.Ip("link add link eth0 name probe.1 type vlan id 1");
            _a.Ip("link del probe.1");
            return true;
        }
        catch (InvalidOperationException e) when (e.Message.Contains("Unknown device type", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static byte[] Claim(string address, string mac)
    {
        var from = Bed.MacAddress.Read(Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal)));
        var ip = System.Net.IPAddress.Parse(address);
        return address.Contains(':', StringComparison.Ordinal) ? Bed.NeighbourPacket.UnsolicitedAdvertisement(ip, from) : Bed.NeighbourPacket.GratuitousArp(ip, from);
    }

    /// <param name="tags">EtherType and tag, from the outermost on.</param>
    private static byte[] Tagged(byte[] frame, int[] tags)
    {
        var tagged = new byte[frame.Length + (tags.Length * 2)];
        frame.AsSpan(0, 12).CopyTo(tagged);
        for (var i = 0; i < tags.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(tagged.AsSpan(12 + (i * 2)), (ushort)tags[i]);
        frame.AsSpan(12).CopyTo(tagged.AsSpan(12 + (tags.Length * 2)));
        return tagged;
    }

    private void Send(byte[] frame) => _b.Run(() => Bed.PacketSocket.SendFrame("eth0", frame));

    private void HearMarker(TestHost host, string address) => Hear(host, address, Marker, static frame => frame);

    /// <summary>Sends a claim until it is told: one that comes right after another is not.</summary>
    private void Hear(TestHost host, string address, string mac, Func<byte[], byte[]> dress) => host.Until(
        () =>
        {
            Send(dress(Claim(address, mac)));
            return host.Events.Lines.Contains($"rival {address} {mac}");
        },
        $"the rival {mac}");
}
