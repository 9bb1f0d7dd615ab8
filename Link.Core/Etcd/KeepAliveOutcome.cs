namespace Link.Core.Etcd;

internal enum KeepAliveOutcome
{
    /// <summary>The lease lives on.</summary>
    Renewed,

    /// <summary>etcd says that the lease does not exist.</summary>
    Gone,

    /// <summary>No answer: the lease may or may not have been renewed.</summary>
    Failed,
}
