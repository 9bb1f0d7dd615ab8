namespace Link.Core.Api.Access;

/// <summary>What a caller may do. A role may do what the ones before it may.</summary>
internal enum Role
{
    /// <summary>Every question.</summary>
    Read,

    /// <summary>What moves or holds endpoints without changing which there are: failover, lock, drain, undrain, health checks.</summary>
    Operate,

    /// <summary>Everything.</summary>
    Admin,
}
