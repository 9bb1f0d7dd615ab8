using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Files;

/// <summary>
/// How every TLS connection of this program judges the other side's chain. Nothing is fetched for it: a certificate names URLs for a missing intermediate
/// and for lists of what was revoked, and whoever shows one would have this host call them while it verifies.
/// </summary>
internal static class PeerTrust
{
    /// <param name="roots">The only authorities to trust; null: the system's.</param>
    public static X509ChainPolicy CreatePolicy(X509Certificate2Collection? roots)
    {
        X509ChainPolicy policy = new()
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (roots is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
