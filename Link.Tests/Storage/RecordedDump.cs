using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Link.Core.Etcd;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Tidy;

namespace Link.Tests.Storage;

/// <summary>
/// What an agent of LinK has in etcd, one file a form, for host <c>db-7</c>, and each endpoint's record as it is to be, its secrets in clear. Written for these
/// tests; the secrets were encrypted by <c>openssl enc -aes-256-cfb</c>.
/// </summary>
internal sealed record RecordedDump(string Host, string Key, IReadOnlyList<KeyValue> Etcd, IReadOnlyDictionary<string, string> Clear)
{
    public static IReadOnlyList<string> Versions { get; } = ["1.8", "1.9", "2.0", "3.0", "3.1", "3.3"];

    public KeyRing Ring => new(new Secret(Key), []);

    public IReadOnlyList<Stored<EndpointRecord>> Endpoints => Data.Endpoints;

    public IReadOnlyDictionary<string, Stored<SecretRecord>> Secrets => Data.Secrets;

    private HostData Data => HostData.Read(Under(KeyLayout.EndpointsOf(Host)), Under(KeyLayout.SecretsOf(Host)));

    public static RecordedDump Load(string version)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "Link.Tests", "Storage", "Recorded", $"link-{version}.json")));
        var root = document.RootElement;
        var environment = root.GetProperty("environment");
        var revision = 0L;
        return new RecordedDump(
            environment.GetProperty("HOSTNAME").GetString()!,
            environment.GetProperty("SECRET_STORAGE_ENCRYPTION_KEY").GetString()!,
            [
                .. root.GetProperty("etcd").EnumerateArray().Select(entry => new KeyValue
                {
                    Key = ByteString.CopyFromUtf8(entry.GetProperty("key").GetString()!),
                    Value = ByteString.CopyFromUtf8(entry.GetProperty("value").GetString()!),
                    Lease = long.Parse(entry.GetProperty("lease").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
                    ModRevision = ++revision,
                }),
            ],
            root.GetProperty("clear").EnumerateObject().ToDictionary(static entry => entry.Name, static entry => entry.Value.GetString()!));
    }

    /// <summary>The secret fields of the plugins that LinK has; null: another plugin.</summary>
    public static IReadOnlyList<string>? SecretFieldsOf(string plugin) => plugin switch
    {
        "arp" => [],
        "outscale_public_ip" => ["access_key", "secret_key"],
        "webhook" => ["secret", "headers.*"],
        _ => null,
    };

    /// <summary>As the plugins say; null: another plugin.</summary>
    public static PluginSecrets? SecretsOf(string plugin) => SecretFieldsOf(plugin) is not { } paths ? null : new PluginSecrets(plugin, paths, plugin switch
    {
        "webhook" => ["url", "ca", "resource_id"],
        "outscale_public_ip" => ["region", "public_ip_id", "nic_id"],
        _ => [],
    });

    /// <summary>An endpoint's record with its secrets in clear.</summary>
    public static string Reveal(string host, Stored<EndpointRecord> endpoint, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets, KeyRing ring)
    {
        var record = endpoint.Record!;
        var opened = EndpointSecrets.Open(host, record.Id, record.PluginConfig, SecretsOf(record.Plugin)!, secrets, ring);
        return opened.Config is null ? string.Join("; ", opened.Faults) : Encoding.UTF8.GetString((record with { PluginConfig = opened.Config.Reveal() }).Write());
    }

    private IEnumerable<KeyValue> Under(string prefix) => Etcd.Where(pair => pair.Key.ToStringUtf8().StartsWith(prefix, StringComparison.Ordinal));
}
