using System.Buffers.Binary;
using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Tests.Fuzz.Mutators;
using Link.Tests.Net;
using static Link.Core.Net.Linux.IfArp;
using static Link.Core.Net.Linux.IfPacket;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;

namespace Link.Tests.Fuzz;

/// <summary>Packets of the LAN and messages of the kernel.</summary>
internal static partial class FuzzTargets
{
    private static readonly HostAddress s_held = HostAddress.Parse("10.0.0.1");
    private static readonly HostAddress s_held6 = HostAddress.Parse("2001:db8::1");
    private static readonly MacAddress s_own = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress s_other = MacAddress.Parse("02:00:00:00:00:02");
    private static readonly MacAddress s_first = MacAddress.Parse("00:00:00:00:00:09");

    private static FuzzTarget[] Lan() =>
    [
        Packets("arp", ETH_P_ARP,
            Bytes(ArpPacket.Size, data => ArpPacket.Announcement(s_other, s_held).Write(data)),
            Bytes(ArpPacket.Size, data => ArpPacket.AnnouncementReply(s_other, s_held).Write(data)),
            Bytes(ArpPacket.Size, data => ArpPacket.Probe(s_first, s_held).Write(data)),
            Bytes(ArpPacket.Size, data => new ArpPacket(ARPOP_REQUEST, s_own, s_held, default, s_held).Write(data))),
        Packets("neighbour", ETH_P_IPV6,
            Bytes(NeighbourPacket.MaxSize, data => NeighbourPacket.Announcement(s_other, s_held6, isRouter: true).Write(data)),
            Bytes(NeighbourPacket.MaxSize, data => NeighbourPacket.Probe(s_held6).Write(data)),
            Bytes(NeighbourPacket.MaxSize, data => (NeighbourPacket.Probe(HostAddress.Parse("2001:db8::9")) with { Source = s_held6, LinkAddress = s_other }).Write(data))),
        Netlink(),
    ];

    /// <summary>A packet as the listener takes it, to what the agent would be told. What it would be told of, the kernel's filter must have let through.</summary>
    private static FuzzTarget Packets(string name, ushort etherType, params byte[][] corpus)
    {
        // Behind the packet goes how it came: its type, and the frame's sender.
        var mutator = new ByteMutator([.. corpus, [.. corpus[0], 0, 0, 0], new byte[60]]);
        return new FuzzTarget(name, mutator.Make, data =>
        {
            var links = new LinkTable();
            links.Set(new NetworkLink(2, "eth0", s_own, true, true, false, false), out _);
            var watch = new LanWatch(links);
            watch.Add(s_held, "eth0", WatchReasons.Held);
            watch.Add(s_held6, "eth0", WatchReasons.Standby);
            using var questions = new LanQuestions(links, watch, new Net.FakeFrames());
            int verdicts = 0;
            questions.Ask(etherType == ETH_P_ARP ? s_held : s_held6, "eth0", 0, _ => verdicts++);
            questions.Tick(0);
            byte type = data.Length > 0 && data[^1] % 8 == 0 ? PACKET_OUTGOING : (byte)0;
            MacAddress sender = data.Length % 3 == 0 ? s_other : s_own;
            Sighting sighting = watch.Decide(etherType, data, new PacketOrigin(2, type, sender));
            if (sighting.Ignored != IgnoredBecause.None)
                return;
            Require(sighting.Address == s_held || sighting.Address == s_held6, "an address was told of that nobody watches");
            Require(!sighting.Mac.IsZero && !sighting.Mac.IsGroup && sighting.Mac != s_own, "a sender was told of that can be none");
            Require(PacketFilter.Passes(etherType == ETH_P_ARP ? LanFilter.Arp([s_held]) : LanFilter.Neighbours(any: true), data, type), "the kernel's filter would have dropped it");
            _ = watch.Tell(sighting, 5);
            Require(watch.Tell(sighting, 6) == IgnoredBecause.Repeated, "the same was told twice in a moment");
            questions.Heard(sighting);
            questions.Tick(10_000);
            questions.Tick(20_000);
            questions.Tick(30_000);
            questions.Tick(40_000);
            Require(verdicts == 1, $"{verdicts} verdicts on one question");
        })
        {
            Share = 600,
            InputsInTest = 150_000,
            MostPerByte = 0,
            MostAtAll = 8 * 1024,
        };
    }

    /// <summary>Datagrams of the kernel, with lengths that lie.</summary>
    private static FuzzTarget Netlink()
    {
        var requests = new RouteRequests(8);
        requests.AddAddress(7, 3, VirtualAddress.Parse("10.0.0.1/24"), 11, replace: false);
        requests.AddAddress(8, 3, VirtualAddress.Parse("2001:db8::1"), null, replace: true);
        byte[] addresses = requests.Written.ToArray();
        byte[] link = Message(RTM_NEWLINK, [0, 0, 1, 0, 2, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0, 9, 0, 3, 0, (byte)'e', (byte)'t', (byte)'h', (byte)'0', 0, 0, 0, 0, 10, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 5, 0, 16, 0, 6, 0, 0, 0]);
        byte[] error = Message(NLMSG_ERROR, [0xfe, 0xff, 0xff, 0xff, .. addresses.AsSpan(0, 16), 8, 0, 1, 0, (byte)'n', (byte)'o', 0, 0], NLM_F_CAPPED | NLM_F_ACK_TLVS);
        byte[] mixed = [.. link, .. addresses, .. error, .. Message(RTM_DELLINK, link[16..]), .. Message(NLMSG_DONE, [0, 0, 0, 0])];
        var mutator = new ByteMutator([addresses, link, error, mixed, .. Cuts(mixed)]);
        return new FuzzTarget("netlink", mutator.Make, data =>
        {
            var links = new LinkTable();
            ReadOnlySpan<byte> rest = data;
            int messages = 0;
            while (RouteMessage.TryTake(ref rest, out nlmsghdr header, out ReadOnlySpan<byte> payload))
            {
                Require(++messages <= data.Length / NLMSG_HDRLEN, "more messages than bytes for them");
                if (RouteMessage.Link(payload, links.Find) is { } seen)
                {
                    if (header.nlmsg_type == RTM_DELLINK)
                        links.Remove(seen.Index);
                    else
                        links.Set(seen, out _);
                }

                if (RouteMessage.Address(payload) is { } address)
                    Require(address.Address.PrefixLength <= address.Address.Host.Size * 8 && VirtualAddress.Parse(address.Address.ToString()) == address.Address, "an address that is none");
                _ = RouteMessage.ErrorText(header, payload);
            }
        })
        {
            Share = 500,
            InputsInTest = 120_000,
            MostPerByte = 32,
            MostAtAll = 8 * 1024,
            Growths =
            [
                new FuzzGrowth("many_links", size => [.. Enumerable.Range(0, size / link.Length).SelectMany(index => Numbered(link, 20, index + 1))]),
                new FuzzGrowth("many_attributes", size => Message(RTM_NEWLINK, [.. link.AsSpan(16, 16), .. Enumerable.Repeat<byte[]>([9, 0, 3, 0, 101, 116, 104, 48, 0, 0, 0, 0], size / 12).SelectMany(static a => a)])),
            ],
        };
    }

    private static byte[] Message(ushort type, ReadOnlySpan<byte> payload, ushort flags = 0)
    {
        byte[] message = new byte[NLMSG_HDRLEN + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), flags);
        payload.CopyTo(message.AsSpan(NLMSG_HDRLEN));
        return message;
    }

    private static byte[] Numbered(byte[] message, int at, int number)
    {
        byte[] copy = [.. message];
        BinaryPrimitives.WriteInt32LittleEndian(copy.AsSpan(at), number);
        return copy;
    }

    private static IEnumerable<byte[]> Cuts(byte[] data) => Enumerable.Range(0, data.Length / 7).Select(part => data[..(part * 7)]);

    private static byte[] Bytes(int size, Func<byte[], int> write)
    {
        byte[] data = new byte[size];
        return data[..write(data)];
    }
}
