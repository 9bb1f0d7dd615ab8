using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Plugins.Outscale;

/// <summary>
/// Signature of a request to the Outscale API: AWS Signature Version 4 under Outscale's names (<c>OSC4-HMAC-SHA256</c>, <c>X-Osc-Date</c>,
/// <c>osc4_request</c>, service <c>api</c>), as in "Signature of API Requests" of docs.outscale.com. Every request is a POST without query.
/// </summary>
/// <param name="Date">Value of the header <c>X-Osc-Date</c>.</param>
/// <param name="Authorization">Value of the header <c>Authorization</c>.</param>
internal sealed record OutscaleSignature(string Date, string Authorization)
{
    public const string ContentType = "application/json; charset=utf-8";
    public const string DateHeader = "X-Osc-Date";

    private const string Algorithm = "OSC4-HMAC-SHA256";
    private const string KeyPrefix = "OSC4";
    private const string Service = "api";
    private const string Terminator = "osc4_request";
    private const string SignedHeaders = "content-type;host;x-osc-date";

    /// <param name="host">As in the header Host: with the port, unless it is the default one.</param>
    /// <param name="path">Escaped: <c>/api/v1/LinkPublicIp</c>.</param>
    public static OutscaleSignature Of(OutscaleCredentials credentials, string region, string host, string path, ReadOnlySpan<byte> body, DateTimeOffset time)
    {
        string date = time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string day = date[..8];
        string scope = $"{day}/{region}/{Service}/{Terminator}";
        string toSign = $"{Algorithm}\n{date}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(CanonicalRequest(host, path, date, body)))}";
        byte[] key = Encoding.UTF8.GetBytes(KeyPrefix + credentials.SecretKey.Reveal());
        foreach (string part in (ReadOnlySpan<string>)[day, region, Service, Terminator])
            key = Hmac(key, part);
        string signature = Convert.ToHexStringLower(Hmac(key, toSign));
        return new OutscaleSignature(date, $"{Algorithm} Credential={credentials.AccessKey.Reveal()}/{scope}, SignedHeaders={SignedHeaders}, Signature={signature}");
    }

    /// <summary>What is signed of the request.</summary>
    public static string CanonicalRequest(string host, string path, string date, ReadOnlySpan<byte> body) =>
        $"POST\n{path}\n\ncontent-type:{ContentType}\nhost:{host.ToLowerInvariant()}\nx-osc-date:{date}\n\n{SignedHeaders}\n{Hash(body)}";

    // A record would print the credential, which LinK stores encrypted.
    public override string ToString() => Date;

    private static string Hash(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
