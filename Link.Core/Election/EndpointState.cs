namespace Link.Core.Election;

/// <summary>State of one endpoint on this host, as LinK names it.</summary>
internal enum EndpointState
{
    /// <summary>Nothing is known yet.</summary>
    Booting,

    /// <summary>Another host has the endpoint, or may have it.</summary>
    Standby,

    /// <summary>This host has the endpoint: its output is on.</summary>
    Activated,

    /// <summary>This host cannot have the endpoint: a health check or its interface says so.</summary>
    Failing,
}
