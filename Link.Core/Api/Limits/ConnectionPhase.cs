namespace Link.Core.Api.Limits;

/// <summary>How far a connection is.</summary>
internal enum ConnectionPhase
{
    /// <summary>No whole request has come yet.</summary>
    Silent,

    /// <summary>Between two requests.</summary>
    Idle,

    /// <summary>A request is under way.</summary>
    Busy,
}
