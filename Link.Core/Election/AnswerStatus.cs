namespace Link.Core.Election;

/// <summary>Outcome of an administrator's command.</summary>
internal enum AnswerStatus
{
    Done,

    /// <summary>No such endpoint.</summary>
    NotFound,

    /// <summary>The state does not allow it; the reason says why.</summary>
    Refused,

    /// <summary>etcd does not answer.</summary>
    Unavailable,

    /// <summary>It was tried and did not work.</summary>
    Failed,
}
