using System.Net;

namespace Link.Tests.Bed;

/// <summary>An endpoint of LinK's agent.</summary>
internal sealed class LinKEndpoint(string id, IPAddress address)
{
    internal string Id { get; } = id;

    internal IPAddress Address { get; } = address;

    /// <summary>The election key.</summary>
    internal string Key { get; } = $"{address}_32";

    internal string LockKey => $"/link/default/{Key}";

    /// <summary>Null: BOOTING.</summary>
    internal bool? IsActivated { get; set; }

    internal bool IsFailing { get; set; }

    /// <summary>Announcements that are to come, one a second.</summary>
    internal int Announcements { get; set; }
}
