namespace Link.Core.Net;

/// <summary>What became different about an interface.</summary>
[Flags]
internal enum LinkChange
{
    None = 0,

    /// <summary>It came into being, also under the name of a deleted one.</summary>
    Appeared = 1,
    Deleted = 2,
    Renamed = 4,
    Up = 8,
    Down = 16,
    CarrierFound = 32,
    CarrierLost = 64,
    MacChanged = 128,
}
