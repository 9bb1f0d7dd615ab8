namespace Link.Core.Net;

/// <summary>Where a wanted address stands.</summary>
internal enum HeldState
{
    /// <summary>Not on the interface, as far as we know.</summary>
    Missing,

    /// <summary>On the interface, with our mark.</summary>
    Ours,

    /// <summary>On the interface, put there by somebody else: used as it is, never changed, never removed.</summary>
    Foreign,
}
