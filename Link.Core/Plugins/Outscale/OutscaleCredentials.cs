using System.Security.Cryptography;
using System.Text;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Outscale;

/// <summary>An access key and its secret key. LinK stores both encrypted, so that neither is shown.</summary>
internal sealed record OutscaleCredentials(Secret AccessKey, Secret SecretKey)
{
    /// <summary>The same for the same pair of keys, and tells nothing of them.</summary>
    public string Fingerprint() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{AccessKey.Reveal()}\n{SecretKey.Reveal()}")));

    /// <summary>The text without either key, for what an answer may repeat of a request.</summary>
    public string RemoveFrom(string text) =>
        text.Replace(SecretKey.Reveal(), Secret.Mask, StringComparison.OrdinalIgnoreCase).Replace(AccessKey.Reveal(), Secret.Mask, StringComparison.OrdinalIgnoreCase);
}
