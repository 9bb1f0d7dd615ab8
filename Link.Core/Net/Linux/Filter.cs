using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/filter.h</c>, <c>linux/bpf_common.h</c>: classic BPF.</summary>
internal static class Filter
{
    public const ushort BPF_LD = 0x00, BPF_JMP = 0x05, BPF_RET = 0x06;
    public const ushort BPF_W = 0x00, BPF_H = 0x08, BPF_B = 0x10, BPF_ABS = 0x20;
    public const ushort BPF_JA = 0x00, BPF_JEQ = 0x10, BPF_JGT = 0x20, BPF_JSET = 0x40, BPF_K = 0x00;
    public const int BPF_MAXINSNS = 4096;

    /// <summary>Pseudo offsets that load packet metadata instead of bytes.</summary>
    public const int SKF_AD_OFF = -0x1000, SKF_AD_PKTTYPE = 4, SKF_AD_VLAN_TAG = 44, SKF_AD_VLAN_TAG_PRESENT = 48;

    /// <summary><c>linux/if_vlan.h</c>: the part of a tag that names the VLAN; 0 names none.</summary>
    public const ushort VLAN_VID_MASK = 0x0fff;

    [StructLayout(LayoutKind.Sequential)]
    public readonly struct sock_filter(ushort code, byte jt, byte jf, uint k)
    {
        public readonly ushort code = code;
        public readonly byte jt = jt;
        public readonly byte jf = jf;
        public readonly uint k = k;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sock_fprog
    {
        public ushort len;
        public nint filter;
    }

    public static sock_filter BPF_STMT(int code, uint k) => new((ushort)code, 0, 0, k);

    public static sock_filter BPF_JUMP(int code, uint k, byte jt, byte jf) => new((ushort)code, jt, jf, k);
}
