using System.Text.Json;
using System.Text.RegularExpressions;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Outscale;

internal sealed partial record OutscaleConfig
{
    private const string TestRegion = "test-region";
    private const int MaxShownLength = 80;

    private static readonly string[] Regions = ["ap-northeast-1", "cloudgouv-eu-west-1", "eu-west-2", "us-east-2", "us-west-1"];

    /// <param name="stored">As <see cref="IPlugin.Read"/> says. A stored region only has to be well formed.</param>
    /// <param name="options">OSC_ENDPOINT_API allows any well-formed region, GO_ENV=test the region test-region.</param>
    public static Validated<OutscaleConfig> Read(JsonElement config, bool stored, OutscaleOptions options)
    {
        var errors = new FieldErrors();
        if (config.ValueKind != JsonValueKind.Object)
        {
            errors.Add("plugin_config", "must be an object with access_key, secret_key, region, public_ip_id and nic_id");
            return new Validated<OutscaleConfig>(null, errors.ToDictionary());
        }

        string? accessKey = null, secretKey = null, region = null, publicIpId = null, nicId = null, onEtcdLoss = null;
        foreach (JsonProperty field in config.EnumerateObject())
        {
            switch (field.Name)
            {
                case "access_key":
                    accessKey = Text(field, errors);
                    break;
                case "secret_key":
                    secretKey = Text(field, errors);
                    break;
                case "region":
                    region = Text(field, errors);
                    break;
                case "public_ip_id":
                    publicIpId = Text(field, errors);
                    break;
                case "nic_id":
                    nicId = Text(field, errors);
                    break;
                case "on_etcd_loss":
                    onEtcdLoss = Text(field, errors);
                    break;
                default:
                    if (!stored)
                        errors.Add(field.Name, $"is unknown; plugin {OutscalePlugin.PluginName} takes access_key, secret_key, region, public_ip_id, nic_id and on_etcd_loss");
                    break;
            }
        }

        CheckKey("access_key", accessKey, config, errors);
        CheckKey("secret_key", secretKey, config, errors);
        if (!IsMissing("region", region, config, errors) && RegionFault(region!, stored, options) is { } wrong)
            errors.Add("region", wrong);
        CheckId("public_ip_id", publicIpId, "eipalloc-12345678", config, errors);
        CheckId("nic_id", nicId, "eni-12345678", config, errors);
        if (onEtcdLoss is not (null or "claim" or "hold" or "release"))
            errors.Add("on_etcd_loss", $"is \"{Show(onEtcdLoss)}\"; must be claim, hold or release");
        return errors.IsEmpty
            ? new Validated<OutscaleConfig>(
                new OutscaleConfig(new OutscaleCredentials(new Secret(accessKey!), new Secret(secretKey!)), region!, publicIpId!, nicId!) { OnEtcdLoss = onEtcdLoss },
                errors.ToDictionary())
            : new Validated<OutscaleConfig>(null, errors.ToDictionary());
    }

    /// <summary>Of a stored configuration, whether its keys can be read or not.</summary>
    public static string? FindElectionKey(JsonElement config) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty("public_ip_id", out JsonElement id) && id.ValueKind == JsonValueKind.String
        && id.GetString() is { } text && ResourceId().IsMatch(text)
            ? KeyOf(text)
            : null;

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
    private static void CheckKey(string field, string? key, JsonElement config, FieldErrors errors)
    {
        if (!IsMissing(field, key, config, errors) && !Key().IsMatch(key!))
            errors.Add(field, "must be 3 to 64 characters A to Z and 0 to 9");
    }

    private static void CheckId(string field, string? id, string example, JsonElement config, FieldErrors errors)
    {
        if (!IsMissing(field, id, config, errors) && !ResourceId().IsMatch(id!))
            errors.Add(field, $"is \"{Show(id!)}\"; must be an id such as {example}");
    }

    /// <summary>True when there is nothing to check; what is missing is noted, what is no string was already.</summary>
    private static bool IsMissing(string field, string? value, JsonElement config, FieldErrors errors)
    {
        if (value is null && (!config.TryGetProperty(field, out JsonElement given) || given.ValueKind == JsonValueKind.Null))
            errors.Add(field, "is missing");
        return value is null;
    }

    private static string? Text(JsonProperty field, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.String)
            return field.Value.GetString();
        if (field.Value.ValueKind != JsonValueKind.Null)
            errors.Add(field.Name, "must be a string");
        return null;
    }

    private static string Show(string value) =>
        string.Concat(value.Take(MaxShownLength).Select(c => char.IsControl(c) ? '?' : c)) + (value.Length > MaxShownLength ? "..." : "");

    [GeneratedRegex(@"\A[A-Z0-9]{3,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"\A[a-z]+-[a-f0-9]{3,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ResourceId();

    // It becomes a part of a host name.
    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex RegionName();
}
