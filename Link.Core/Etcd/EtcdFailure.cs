namespace Link.Core.Etcd;

/// <summary>Why a call failed, by what the caller can do about it.</summary>
internal enum EtcdFailure
{
    /// <summary>No member could be reached, or the one reached cannot serve (no leader, stopping): another member or a later try may.</summary>
    Unavailable,

    /// <summary>The deadline passed.</summary>
    Timeout,

    /// <summary>The lease does not exist (any more).</summary>
    LeaseNotFound,

    /// <summary>A lease with that id exists already.</summary>
    LeaseExists,

    /// <summary>The revision asked for is compacted away: read the state anew and watch from there.</summary>
    Compacted,

    /// <summary>The user has no right to the key.</summary>
    PermissionDenied,

    /// <summary>User, password, or token are not accepted.</summary>
    Unauthenticated,

    /// <summary>etcd has no authentication enabled although a user is configured.</summary>
    AuthenticationNotEnabled,

    /// <summary>etcd refuses the request as malformed or too large; repeating it is pointless.</summary>
    InvalidRequest,

    /// <summary>The database is full, or too many requests are queued.</summary>
    ResourceExhausted,

    /// <summary>A certificate file cannot be used, or the member's certificate is not trusted.</summary>
    Certificate,

    /// <summary>etcd reports corrupt data.</summary>
    DataLoss,

    /// <summary>Anything else.</summary>
    Unknown,
}
