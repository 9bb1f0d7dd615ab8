namespace Link.Core.Election;

/// <summary>What an endpoint does while etcd does not answer (<c>on_etcd_loss</c>).</summary>
internal enum EtcdLossPolicy
{
    /// <summary>LinK's promise: keep it, and take it when nobody on the LAN answers for it. At least one host has it.</summary>
    Claim,

    /// <summary>Keep it if we have it, never take it.</summary>
    Hold,

    /// <summary>Let go before our lease can have expired. At most one host has it.</summary>
    Release,
}
