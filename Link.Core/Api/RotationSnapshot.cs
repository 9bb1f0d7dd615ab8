namespace Link.Core.Api;

/// <summary>How far the rotation of this host's secrets is: the one under way, or the last since the agent started.</summary>
internal sealed record RotationSnapshot
{
    public bool Running { get; init; }

    /// <summary>Secrets of this host; 0: there are none, or nothing was rotated yet.</summary>
    public int Total { get; init; }

    /// <summary>Of which stand under the current key now.</summary>
    public int Done { get; init; }

    /// <summary>Of which could not be opened or written.</summary>
    public int Failed { get; init; }

    /// <summary>Null: there was none since the agent started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why the last one did not succeed; null: it did, or is under way.</summary>
    public string? Error { get; init; }
}
