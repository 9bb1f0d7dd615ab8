namespace Link.Tests.Simulation;

/// <summary>How <c>on_etcd_loss</c> is spread over hosts and keys.</summary>
internal enum PolicyMode
{
    Claim,
    Hold,
    Release,
    PerKey,
    PerHost,
}
