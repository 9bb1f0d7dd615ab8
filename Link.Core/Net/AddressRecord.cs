namespace Link.Core.Net;

/// <summary>An address on an interface, as the kernel shows it.</summary>
/// <param name="Mark">IFA_PROTO: who put it there; 0 if nobody said or the kernel is older than 5.18.</param>
/// <param name="Flags">IFA_F_*.</param>
/// <param name="ValidSeconds">What is left of its life; null = for ever.</param>
internal sealed record AddressRecord(int InterfaceIndex, VirtualAddress Address, byte Mark, uint Flags, uint? ValidSeconds)
{
    /// <summary>When it was put there, in hundredths of seconds since boot; 0 if the kernel does not say.</summary>
    public uint CreatedAt { get; init; }

    /// <summary>Carries our mark.</summary>
    public bool IsMarked => Mark == AddressMark.Link;
}
