using Link.Core.Election;

namespace Link.Core.Agent;

/// <summary>The words of <c>ON_ETCD_LOSS</c> and of an endpoint's <c>on_etcd_loss</c>.</summary>
internal static class EtcdLossPolicyWord
{
    public static string Of(EtcdLossPolicy policy) => policy switch
    {
        EtcdLossPolicy.Claim => "claim",
        EtcdLossPolicy.Hold => "hold",
        EtcdLossPolicy.Release => "release",
        _ => throw new ArgumentOutOfRangeException(nameof(policy), policy, null),
    };

    /// <summary>Null when it is none of the words.</summary>
    public static EtcdLossPolicy? Parse(string word) => word switch
    {
        "claim" => EtcdLossPolicy.Claim,
        "hold" => EtcdLossPolicy.Hold,
        "release" => EtcdLossPolicy.Release,
        _ => null,
    };
}
