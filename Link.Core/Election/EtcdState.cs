namespace Link.Core.Election;

/// <summary>What the host knows of etcd, judged by its lease's renewals alone.</summary>
internal enum EtcdState
{
    /// <summary>Not answered since this process started.</summary>
    Connecting,

    Ok,

    /// <summary>The last renewal is unanswered.</summary>
    Silent,

    /// <summary>Silent for longer than KEEPALIVE_RETRY allows: each endpoint's policy applies.</summary>
    Lost,
}
