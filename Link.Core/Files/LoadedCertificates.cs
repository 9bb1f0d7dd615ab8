using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Files;

/// <summary>What certificate files hold.</summary>
/// <param name="Own">The certificate to show, with its key and what stands between it and its authority; null: none.</param>
/// <param name="Roots">The only authorities to trust; null: the system's.</param>
internal sealed record LoadedCertificates(SslStreamCertificateContext? Own, X509Certificate2Collection? Roots)
{
    /// <summary>How to judge a peer's chain. Each connection needs its own.</summary>
    public X509ChainPolicy CreateChainPolicy() => PeerTrust.CreatePolicy(Roots);
}
