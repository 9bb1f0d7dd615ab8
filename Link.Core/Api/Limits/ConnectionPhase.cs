namespace Link.Core.Api.Limits;

/// <summary>How far a connection is.</summary>
internal enum ConnectionPhase
{
    /// <summary>No whole request has come yet.</summary>
    Silent,

    /// <summary>Between two requests.</summary>
    Idle,

    /// <summary>A body comes, an answer is being read, or there is no memory for either yet.</summary>
    Transfer,

    /// <summary>The agent works on a request.</summary>
    Busy,
}
