namespace Link.Core.Net;

/// <summary>What the LAN says to "does anybody use this address?".</summary>
internal enum LanVerdict
{
    /// <summary>Nobody answered, and all probes went out.</summary>
    Silent,

    /// <summary>Somebody uses it.</summary>
    Answered,

    /// <summary>Another host asks the same and has the lower hardware address: it goes first.</summary>
    Contended,

    /// <summary>The question could not be put.</summary>
    Unknown,
}
