namespace Link.Core.Net;

/// <summary>
/// The value of IFA_PROTO by which our addresses are known again. The kernel uses 0 to 3, keepalived 18 (RTPROT_KEEPALIVED),
/// iproute2's rt_addrprotos names 0 to 3 only. <c>ip -d -j address show</c> of a recent iproute2 shows it as protocol 76.
/// </summary>
internal static class AddressMark
{
    /// <summary>The letter L.</summary>
    public const byte Link = 76;
}
