using System.Text.Json;

namespace Link.Core.Plugins.Arp;

internal sealed partial record ArpConfig
{
    /// <param name="stored">
    /// False: what a user wants. True: what is in etcd; unknown fields and doubts about an address that LinK took and has held so far are ignored.
    /// </param>
    public static Validated<ArpConfig> Read(JsonElement config, bool stored)
    {
        var read = new ConfigReader(ArpPlugin.PluginName, """{"ip":"10.0.0.1/32"}""", config, stored);
        CidrAddress? address = ReadAddress(read);
        string? @interface = read.Text("interface");
        if (@interface is not null && InterfaceName.Fault(@interface) is { } wrong)
            read.Errors.Add("interface", $"{wrong}; must be {InterfaceName.Accepts}");
        string? onEtcdLoss = read.OnEtcdLoss();
        return read.Finish(() => new ArpConfig(address!.Address, address.PrefixLength, @interface) { OnEtcdLoss = onEtcdLoss });
    }

    private static CidrAddress? ReadAddress(ConfigReader read)
    {
        if (read.Text("ip", missing: "is missing; must be an address with its prefix length such as 10.0.0.1/32") is not { } ip)
            return null;
        CidrAddress? address = CidrAddress.Parse(ip, out string? fault);
        // LinK took a network's own address, and one can hold it; but no machine can be 127.0.0.1 for others, whoever wrote that.
        if (address is not null)
            fault = address.Impossible() ?? (read.IsStored ? null : address.Fault());
        if (fault is not null)
            read.Errors.Add("ip", fault);
        return address;
    }
}
