using System.Text.Json;

namespace Link.Core.Plugins.Arp;

internal sealed partial record ArpConfig
{
    /// <param name="stored">
    /// False: what a user wants. True: what is in etcd; unknown fields and doubts about an address that LinK took and has held so far are ignored.
    /// </param>
    public static Validated<ArpConfig> Read(JsonElement config, bool stored)
    {
        var errors = new FieldErrors();
        string? ip = null, @interface = null, onEtcdLoss = null;
        if (config.ValueKind != JsonValueKind.Object)
        {
            errors.Add("plugin_config", """must be an object such as {"ip":"10.0.0.1/32"}""");
            return new Validated<ArpConfig>(null, errors.ToDictionary());
        }

        foreach (var field in config.EnumerateObject())
        {
            switch (field.Name)
            {
                case "ip":
                    ip = Text(field, errors);
                    break;
                case "interface":
                    @interface = Text(field, errors);
                    break;
                case "on_etcd_loss":
                    onEtcdLoss = Text(field, errors);
                    break;
                default:
                    if (!stored)
                        errors.Add(field.Name, "is unknown; plugin arp takes ip, interface and on_etcd_loss");
                    break;
            }
        }

        var address = ParseAddress(config, ip, stored, errors);
        if (@interface is not null && InterfaceName.Fault(@interface) is { } wrong)
            errors.Add("interface", $"{wrong}; must be {InterfaceName.Accepts}");
        if (onEtcdLoss is not (null or "claim" or "hold" or "release"))
            errors.Add("on_etcd_loss", $"is \"{onEtcdLoss}\"; must be claim, hold or release");

        return errors.IsEmpty
            ? new Validated<ArpConfig>(new ArpConfig(address!.Address, address.PrefixLength, @interface) { OnEtcdLoss = onEtcdLoss }, errors.ToDictionary())
            : new Validated<ArpConfig>(null, errors.ToDictionary());
    }

    private static CidrAddress? ParseAddress(JsonElement config, string? ip, bool stored, FieldErrors errors)
    {
        if (ip is null)
        {
            if (!config.TryGetProperty("ip", out var value) || value.ValueKind == JsonValueKind.Null)
                errors.Add("ip", "is missing; must be an address with its prefix length such as 10.0.0.1/32");
            return null;
        }

        var address = CidrAddress.Parse(ip, out var fault);
        if (address is not null && !stored)
            fault = address.Fault();
        if (fault is not null)
            errors.Add("ip", fault);
        return address;
    }

    /// <summary>Null: not there, or not a string, which is noted.</summary>
    private static string? Text(JsonProperty field, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.String)
            return field.Value.GetString();
        if (field.Value.ValueKind != JsonValueKind.Null)
            errors.Add(field.Name, "must be a string");
        return null;
    }
}
