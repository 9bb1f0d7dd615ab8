namespace Link.Core.Plugins.Outscale;

/// <summary>What is the same for all endpoints of plugin outscale_public_ip.</summary>
internal sealed record OutscaleOptions
{
    /// <summary>OUTSCALE_PUBLIC_IP_REFRESH_INTERVAL.</summary>
    public required TimeSpan RefreshInterval { get; init; }

    /// <summary>Deadline of one request, without the wait for others with the same keys.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>OSC_ENDPOINT_API; null: each region's own.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>GO_ENV=test, as in LinK.</summary>
    public bool AllowsTestRegion { get; init; }
}
