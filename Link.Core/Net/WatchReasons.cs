namespace Link.Core.Net;

/// <summary>Why we listen for an address.</summary>
[Flags]
internal enum WatchReasons
{
    None = 0,

    /// <summary>This host has it.</summary>
    Held = 1,

    /// <summary>This host may want it one day.</summary>
    Standby = 2,

    /// <summary>A question about it is under way.</summary>
    Asked = 4,
}
