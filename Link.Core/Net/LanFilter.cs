using System.Buffers.Binary;
using static Link.Core.Net.Linux.Filter;
using static Link.Core.Net.Linux.IfArp;
using static Link.Core.Net.Linux.IfPacket;

namespace Link.Core.Net;

/// <summary>
/// Programs by which the kernel drops what says nothing to us before it costs a copy or a wake-up. They see the packet from
/// its network header on.
/// </summary>
internal static class LanFilter
{
    /// <summary>With more addresses every ARP packet passes: a longer list would cost each packet more than a wake-up saves.</summary>
    public const int MaxAddresses = 512;

    private const uint Accept = 256, Drop = 0;
    private const int SenderProtocolOffset = 14, TargetProtocolOffset = 24;

    /// <summary>ARP whose sender uses, or (with no sender's address) asks for, one of the addresses.</summary>
    /// <param name="addresses">Null = any address.</param>
    public static sock_filter[] Arp(IReadOnlyCollection<HostAddress>? addresses)
    {
        List<sock_filter> program = [.. OfOurNetwork()];
        if (addresses is not null)
        {
            program.Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SenderProtocolOffset));
            program.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
            program.Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, TargetProtocolOffset));
            Span<byte> bytes = stackalloc byte[4];
            foreach (var address in addresses)
            {
                address.CopyTo(bytes);
                program.Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BinaryPrimitives.ReadUInt32BigEndian(bytes), 0, 1));
                program.Add(BPF_STMT(BPF_RET | BPF_K, Accept));
            }

            program.Add(BPF_STMT(BPF_RET | BPF_K, Drop));
        }
        else
        {
            program.Add(BPF_STMT(BPF_RET | BPF_K, Accept));
        }

        return [.. program];
    }

    /// <summary>Neighbour advertisements and solicitations, or nothing if no IPv6 address is watched.</summary>
    public static sock_filter[] Neighbours(bool any) => !any
        ? [BPF_STMT(BPF_RET | BPF_K, Drop)]
        :
        [
            .. OfOurNetwork(),
            BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
            BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NDISC_NEIGHBOUR_ADVERTISEMENT, 2, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NDISC_NEIGHBOUR_SOLICITATION, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, Drop),
            BPF_STMT(BPF_RET | BPF_K, Accept),
        ];

    /// <summary>
    /// Goes on only with what was sent to this host, to all or to a group, in the network of the interface. Of a VLAN for which the host has no
    /// interface Linux makes a packet for another host before it takes the tag away (__netif_receive_skb_core), and its own ARP and neighbour
    /// discovery believe none of those either. A tag that is still there counts if it names a VLAN; VLAN 0 only says the priority.
    /// </summary>
    private static sock_filter[] OfOurNetwork() =>
    [
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, Metadata(SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 4, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, Metadata(SKF_AD_VLAN_TAG_PRESENT)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, Metadata(SKF_AD_VLAN_TAG)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, VLAN_VID_MASK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, Drop),
    ];

    private static uint Metadata(int offset) => unchecked((uint)(SKF_AD_OFF + offset));
}
