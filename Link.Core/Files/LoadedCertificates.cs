using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Files;

/// <summary>What certificate files hold.</summary>
/// <param name="Own">The certificate to show, with its key and what stands between it and its authority; null: none.</param>
/// <param name="Roots">The only authorities to trust; null: the system's.</param>
internal sealed record LoadedCertificates(SslStreamCertificateContext? Own, X509Certificate2Collection? Roots)
{
    /// <summary>How to judge a peer's chain; null: as the system does. Each connection needs its own.</summary>
    public X509ChainPolicy? CreateChainPolicy()
    {
        if (Roots is null)
            return null;
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(Roots);
        return policy;
    }
}
