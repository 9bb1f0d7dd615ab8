using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.Filter;

namespace Link.Tests.Net;

/// <summary>Runs a filter's program as the kernel does (Documentation/networking/filter.rst), as far as our programs go.</summary>
internal static class PacketFilter
{
    private const int SizeMask = BPF_W | BPF_H | BPF_B;

    /// <summary>The packet carries no VLAN tag beside it.</summary>
    public const int Untagged = -1;

    /// <param name="packetType">What the kernel says of how the packet came.</param>
    /// <param name="tag">The VLAN tag that the kernel has left with the packet.</param>
    public static bool Passes(IReadOnlyList<sock_filter> program, ReadOnlySpan<byte> packet, byte packetType, int tag = Untagged)
    {
        uint a = 0;
        for (int at = 0; ; at++)
        {
            sock_filter step = program[at];
            switch (step.code)
            {
                case BPF_RET | BPF_K:
                    return step.k != 0;
                case var load when (load & ~SizeMask) == (BPF_LD | BPF_ABS):
                    int size = (load & SizeMask) switch { BPF_W => 4, BPF_H => 2, _ => 1 };
                    if (unchecked((int)step.k) < 0)
                    {
                        a = unchecked((int)step.k - SKF_AD_OFF) switch
                        {
                            SKF_AD_PKTTYPE => packetType,
                            SKF_AD_VLAN_TAG_PRESENT => tag == Untagged ? 0u : 1u,
                            SKF_AD_VLAN_TAG => (uint)Math.Max(tag, 0),
                            _ => throw new NotSupportedException($"metadata {step.k:x}"),
                        };
                        break;
                    }

                    // Beyond the packet's end the program ends, and drops it.
                    if (step.k + size > packet.Length)
                        return false;
                    a = 0;
                    for (int i = 0; i < size; i++)
                        a = a << 8 | packet[(int)step.k + i];
                    break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                    at += a == step.k ? step.jt : step.jf;
                    break;
                case BPF_JMP | BPF_JGT | BPF_K:
                    at += a > step.k ? step.jt : step.jf;
                    break;
                case BPF_JMP | BPF_JSET | BPF_K:
                    at += (a & step.k) != 0 ? step.jt : step.jf;
                    break;
                default:
                    throw new NotSupportedException($"instruction {step.code:x}");
            }
        }
    }
}
