using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary>Why the kernel refused something, in words for the operator.</summary>
/// <param name="What">What was tried and where: <c>add 10.0.0.1/32 to eth0</c>.</param>
/// <param name="Number">The errno.</param>
/// <param name="KernelText">The text of the extended acknowledgement, if there was one.</param>
internal sealed record KernelError(string What, int Number, string? KernelText = null)
{
    /// <summary>What the operator can do about it, or null.</summary>
    public string? Advice => Number switch
    {
        Errno.EPERM or Errno.EACCES =>
            "it needs CAP_NET_ADMIN and CAP_NET_RAW: run it as root or grant them to the service (AmbientCapabilities=)",
        Errno.ENODEV => "the interface does not exist (any more): see `ip link`",
        Errno.ENETDOWN => "the interface is down: `ip link set ... up`",
        Errno.ENOBUFS => "the kernel's buffer is full: it is tried again",
        Errno.EMFILE => "too many open files: raise LimitNOFILE=",
        Errno.EOPNOTSUPP => "the kernel lacks it, or IPv6 is disabled there: see sysctl net.ipv6.conf.*.disable_ipv6",
        _ => null,
    };

    public override string ToString()
    {
        var text = $"{What}: {Marshal.GetPInvokeErrorMessage(Number)} (errno {Number})";
        if (!string.IsNullOrEmpty(KernelText))
            text += $", kernel says: {KernelText}";
        return Advice is null ? text : $"{text}; {Advice}";
    }
}
