using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Link.Tests.Plugins.Outscale;

/// <summary>Who asks. Written apart from what is tested, and from the request as it came.</summary>
internal sealed partial class FakeOutscale
{
    /// <summary>Wrong signatures in a row that lock the account.</summary>
    private const int BadBeforeLock = 4;

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, string> _keys = new() { [AccessKey] = SecretKey };
    private readonly Func<DateTimeOffset> _now;
    private int _badInARow;
    private int _locks;
    private int _bad;
    private DateTimeOffset _lockedUntil = DateTimeOffset.MinValue;

    /// <summary>Wrong signatures that came.</summary>
    public int BadSignatures => Volatile.Read(ref _bad);

    public bool WasLocked => Volatile.Read(ref _locks) > 0;

    public void SetKey(string accessKey, string secretKey)
    {
        lock (_lock)
            _keys[accessKey] = secretKey;
    }

    /// <returns>The code of the error; null: all is well.</returns>
    private string? Authenticate(HttpRequest request, byte[] body)
    {
        if (_now() < _lockedUntil)
            return "13";
        if (IsSigned(request, body, out string? code))
        {
            _badInARow = 0;
            return null;
        }

        _bad++;
        if (++_badInARow % BadBeforeLock == 0)
        {
            _locks++;
            _lockedUntil = _now() + TimeSpan.FromMinutes(Math.Min(_locks, 10));
        }

        return code;
    }

    private bool IsSigned(HttpRequest request, byte[] body, out string? code)
    {
        Match given = AuthorizationForm().Match(request.Headers.Authorization.ToString());
        code = given.Success ? "1" : "12";
        if (!given.Success)
            return false;
        string kind = given.Groups["kind"].Value;
        string[] names = given.Groups["headers"].Value.Split(';');
        string dateHeader = kind == "OSC4" ? "x-osc-date" : "x-amz-date";
        string time = request.Headers[dateHeader].ToString();
        string scope = given.Groups["scope"].Value;
        string[] parts = scope.Split('/');
        if (!_keys.TryGetValue(given.Groups["key"].Value, out string? secret)
            || parts.Length != 4 || parts[3] != $"{kind.ToLowerInvariant()}_request"
            || !names.Contains("host") || !names.Contains(dateHeader) || !names.SequenceEqual(names.Order(StringComparer.Ordinal))
            || !DateTimeOffset.TryParseExact(time, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset signedAt)
            || parts[0] != time[..8]
            || (signedAt - _now()).Duration() > Skew)
            return false;
        var canonical = new StringBuilder($"{request.Method}\n{request.Path}\n{request.QueryString.Value?.TrimStart('?')}\n");
        foreach (string name in names)
            canonical.Append(CultureInfo.InvariantCulture, $"{name}:{Spaces().Replace(request.Headers[name].ToString().Trim(), " ")}\n");
        canonical.Append(CultureInfo.InvariantCulture, $"\n{string.Join(';', names)}\n{Hex(SHA256.HashData(body))}");
        string toSign = $"{kind}-HMAC-SHA256\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        byte[] key = parts.Aggregate(Encoding.UTF8.GetBytes(kind + secret), Hmac);
        return Hex(Hmac(key, toSign)) == given.Groups["signature"].Value;
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] data) => Convert.ToHexString(data).ToLowerInvariant();

    [GeneratedRegex(@"^(?<kind>OSC4|AWS4)-HMAC-SHA256 Credential=(?<key>[A-Z0-9]+)/(?<scope>[^,]+), ?SignedHeaders=(?<headers>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$")]
    private static partial Regex AuthorizationForm();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
