using System.Globalization;
using System.Text;
using Google.Protobuf;
using Link.Core.Agent;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Plugins;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Bed;
using Link.Tests.Logging;
using Link.Tests.Storage;
using Link.Tests.Support;

namespace Link.Tests.Agent;

/// <summary>A <see cref="DataKeeper"/>, or several one after another, on a real etcd.</summary>
internal sealed class DataKeeperBed : IKeptData, IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly GatedStream _output = new();
    private readonly Log _log;
    private readonly List<DataKeeper> _keepers = [];

    private DataKeeperBed(EtcdCluster etcd, string host, TimeSpan? requestTimeout)
    {
        Etcd = etcd;
        Host = host;
        EtcdOptions options = etcd.Options();
        Client = new EtcdClient(options with { RequestTimeout = requestTimeout ?? options.RequestTimeout });
        Store = new HostDataStore(Client, host);
        _log = new Log(LogLevel.Debug, LogFormat.Plain, _output, TimeProvider.System);
        Gateway = new EtcdGateway(new HttpClient { BaseAddress = new Uri(etcd.Members[0].ClientUrl) });
    }

    public EtcdCluster Etcd { get; }

    public string Host { get; }

    public EtcdClient Client { get; }

    public HostDataStore Store { get; }

    public EtcdGateway Gateway { get; }

    /// <summary>What the keeper said last that etcd has; null: nothing yet.</summary>
    public HostData? Kept { get; private set; }

    /// <summary>What an agent has loaded.</summary>
    public IReadOnlyDictionary<string, EndpointRecord> Loaded { get; set; } = new Dictionary<string, EndpointRecord>();

    /// <summary>How often it said so.</summary>
    public int Reads { get; private set; }

    /// <summary>Called each time with their number, from 1.</summary>
    public Func<int, Task>? AfterRead { get; set; }

    /// <summary>Called before each transaction that migrates an endpoint, with its number, from 1.</summary>
    public Action<int>? BeforeMigration { get; set; }

    public int Migrations { get; private set; }

    /// <param name="requestTimeout">How long a request may take, for a test that stops etcd; null: as long as anything here may.</param>
    public static async Task<DataKeeperBed> StartAsync(string host = "db-7", TimeSpan? requestTimeout = null) => new(await EtcdCluster.StartAsync(), host, requestTimeout);

    public static async Task<DataKeeperBed> StartAsync(RecordedDump dump, TimeSpan? requestTimeout = null)
    {
        var bed = await StartAsync(dump.Host, requestTimeout);
        foreach (long lease in dump.Etcd.Select(static pair => pair.Lease).Where(static lease => lease != 0).Distinct())
            await bed.Client.GrantLeaseAsync(600, lease);
        foreach (var pair in dump.Etcd)
            await bed.Client.TxnAsync(TxnBuilder.If().Then(new RequestOp { RequestPut = new PutRequest { Key = pair.Key, Value = pair.Value, Lease = pair.Lease } }));
        return bed;
    }

    public DataKeeper Keeper(KeyRing ring, SecretFormat format = SecretFormat.AesGcm)
    {
        var keeper = new DataKeeper(Store, ring, format, PluginOf, this, _log, new HurriedTime());
        _keepers.Add(keeper);
        return keeper;
    }

    public IPlugin? PluginOf(string name) => RecordedDump.SecretFieldsOf(name) is null ? null : new SecretPlugin(name) { BeforeMigration = () => BeforeMigration?.Invoke(++Migrations) };

    /// <summary>All keys with values, leases and revisions.</summary>
    public async Task<IReadOnlyDictionary<string, KeyValue>> ReadAllAsync() =>
        (await Client.RangeAsync(EtcdRange.Prefix("/link/"))).Kvs.ToDictionary(static pair => pair.Key.ToStringUtf8());

    public Task PutSecretAsync(string endpointId, string secretId, string json, KeyRing ring, SecretFormat format = SecretFormat.AesCfbSha512)
    {
        var record = new SecretRecord { Id = secretId, EndpointId = endpointId, Sealed = ring.Seal(new SecretPlace(Host, endpointId, secretId), new Secret(json), format) };
        return Client.PutAsync(KeyLayout.Secret(Host, endpointId, secretId), Encoding.UTF8.GetString(record.Write()));
    }

    /// <summary>What a key opens to with this ring alone; null: it does not.</summary>
    public async Task<string?> OpenAsync(string endpointId, string secretId, KeyRing ring)
    {
        HostData data = await Store.ReadAsync(CancellationToken.None);
        return ring.Open(new SecretPlace(Host, endpointId, secretId), data.Secrets[KeyLayout.Secret(Host, endpointId, secretId)].Record!.Sealed).Json?.Reveal();
    }

    /// <summary>Transactions that etcd has answered so far.</summary>
    public async Task<int> TransactionsAsync()
    {
        string metrics = await Http.GetStringAsync(Etcd.Members[0].HealthUrl + "/metrics");
        return metrics.Split('\n').Where(static line => line.StartsWith("grpc_server_handled_total{", StringComparison.Ordinal) && line.Contains("grpc_method=\"Txn\"", StringComparison.Ordinal))
            .Sum(static line => (int)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public string LogText()
    {
        _log.Flush(TimeSpan.FromSeconds(60));
        return string.Join('\n', _output.Lines());
    }

    async Task IKeptData.HasReadAsync(HostData data)
    {
        Kept = data;
        Reads++;
        if (AfterRead is { } after)
            await after(Reads);
    }

    Task<IReadOnlyDictionary<string, EndpointRecord>> IKeptData.LoadedAsync() => Task.FromResult(Loaded);

    public async ValueTask DisposeAsync()
    {
        foreach (var keeper in _keepers)
            keeper.Dispose();
        await Client.DisposeAsync();
        await Etcd.DisposeAsync();
        _log.Dispose();
    }
}
