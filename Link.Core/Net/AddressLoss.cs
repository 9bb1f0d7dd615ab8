namespace Link.Core.Net;

/// <summary>Why an address is no longer there.</summary>
internal enum AddressLoss
{
    /// <summary>Its lifetime ended before it was extended, and the kernel removed it. It is not held any more.</summary>
    Expired,

    /// <summary>Another program removes it as often as we restore it. It stays wanted, and is restored now and then.</summary>
    RemovedAgainAndAgain,
}
