namespace Link.Core.Api.Access;

/// <summary>What users and programs of this host may do over TCP where no credentials are asked.</summary>
internal enum LoopbackPolicy
{
    /// <summary>Who may use the Unix socket is an admin, everybody else may read.</summary>
    Owner,

    /// <summary>Everybody is an admin.</summary>
    Open,
}
