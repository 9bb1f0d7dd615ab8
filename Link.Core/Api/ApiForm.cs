namespace Link.Core.Api;

/// <summary>The API's two families of routes.</summary>
internal enum ApiForm
{
    /// <summary>LinK 3: <c>/endpoints</c>.</summary>
    Endpoints,

    /// <summary>LinK 0 to 2, still served by LinK 3: <c>/ips</c>.</summary>
    Ips,
}
