using System.Text.Json;
using System.Text.RegularExpressions;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Outscale;

internal sealed partial record OutscaleConfig
{
    private const string Missing = "is missing";
    private const string TestRegion = "test-region";
    private const int MaxShownLength = 80;

    private static readonly string[] Regions = ["ap-northeast-1", "cloudgouv-eu-west-1", "eu-west-2", "us-east-2", "us-west-1"];

    /// <param name="stored">As <see cref="IPlugin.Read"/> says. A stored region only has to be well formed.</param>
    /// <param name="options">OSC_ENDPOINT_API allows any well-formed region, GO_ENV=test the region test-region.</param>
    public static Validated<OutscaleConfig> Read(JsonElement config, bool stored, OutscaleOptions options)
    {
        var read = new ConfigReader(
            OutscalePlugin.PluginName,
            """{"access_key":"...","secret_key":"...","region":"eu-west-2","public_ip_id":"eipalloc-12345678","nic_id":"eni-12345678"}""", config, stored);
        string? accessKey = ReadKey(read, "access_key");
        string? secretKey = ReadKey(read, "secret_key");
        string? region = read.Text("region", Missing);
        if (region is not null && RegionFault(region, stored, options) is { } wrong)
            read.Errors.Add("region", wrong);
        string? publicIpId = ReadId(read, "public_ip_id", "eipalloc-12345678");
        string? nicId = ReadId(read, "nic_id", "eni-12345678");
        string? onEtcdLoss = read.OnEtcdLoss();
        return read.Finish(() =>
            new OutscaleConfig(new OutscaleCredentials(new Secret(accessKey!), new Secret(secretKey!)), region!, publicIpId!, nicId!) { OnEtcdLoss = onEtcdLoss });
    }

    /// <summary>Of a stored configuration, whether its keys can be read or not.</summary>
    public static string? FindElectionKey(JsonElement config) =>
        ConfigReader.Peek(config, "public_ip_id") is { } id && ResourceId().IsMatch(id) ? KeyOf(id) : null;

    private static string? RegionFault(string region, bool stored, OutscaleOptions options)
    {
        string lower = region.ToLowerInvariant();
        if (Array.IndexOf(Regions, lower) >= 0 || (options.AllowsTestRegion && lower == TestRegion))
            return null;
        if ((stored || options.Endpoint is not null) && RegionName().IsMatch(lower))
            return null;
        string known = $"{string.Join(", ", Regions[..^1])} or {Regions[^1]}";
        return $"is \"{Show(region)}\"; must be {known}{(options.Endpoint is null ? ", unless OSC_ENDPOINT_API is set for the agent" : "")}";
    }

    /// <summary>The value is not shown: somebody may have given the secret in place of the other.</summary>
    private static string? ReadKey(ConfigReader read, string field)
    {
        string? key = read.Text(field, Missing);
        if (key is not null && !Key().IsMatch(key))
            read.Errors.Add(field, "must be 3 to 64 characters A to Z and 0 to 9");
        return key;
    }

    private static string? ReadId(ConfigReader read, string field, string example)
    {
        string? id = read.Text(field, Missing);
        if (id is not null && !ResourceId().IsMatch(id))
            read.Errors.Add(field, $"is \"{Show(id)}\"; must be an id such as {example}");
        return id;
    }

    /// <summary>With what cannot be seen as question marks.</summary>
    private static string Show(string value)
    {
        char[] shown = Array.ConvertAll(value[..Math.Min(value.Length, MaxShownLength)].ToCharArray(), static c => char.IsControl(c) ? '?' : c);
        return new string(shown) + (value.Length > MaxShownLength ? "..." : "");
    }

    [GeneratedRegex(@"\A[A-Z0-9]{3,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"\A[a-z]+-[a-f0-9]{3,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ResourceId();

    // It becomes a part of a host name.
    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex RegionName();
}
