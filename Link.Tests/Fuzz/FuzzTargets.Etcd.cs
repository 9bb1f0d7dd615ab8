using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Link.Core.Agent;
using Link.Core.Etcd;
using Link.Core.HealthChecks;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Election;
using Link.Tests.Fuzz.Mutators;
using Link.Tests.Simulation;
using Link.Tests.Storage;

namespace Link.Tests.Fuzz;

/// <summary>What etcd holds, whoever wrote it, and what a member answers, whoever it is.</summary>
internal static partial class FuzzTargets
{
    private const string FuzzedHost = "db-7";

    private static readonly RecordedDump[] s_dumps = [.. RecordedDump.Versions.Select(RecordedDump.Load)];
    private static readonly KeyRing s_ring = new(new Secret("a key of 32 characters, or more.."), [.. s_dumps.Select(static dump => new Secret(dump.Key)).DistinctBy(static key => key.Reveal())]);

    private static readonly string[] s_moreEndpoints =
    [
        """{"id":"vip-1","ip":"","checks":[{"type":"TCP","host":"10.0.0.9","port":80}],"healthcheck_interval":7,"plugin":"arp","plugin_config":{"ip":"10.0.0.1/32","interface":"eth0","on_etcd_loss":"hold"}}""",
        """{"id":"vip-2","ip":"","healthcheck_interval":0,"plugin":"exec","plugin_config":{"resource_id":"db","command":["/usr/local/lib/link/x","a"],"environment":{"A":{"id":"sec-1","endpoint_id":"vip-2"},"B":"clear"},"ip":"10.0.0.2","timeout":5}}""",
        """{"id":"vip-3","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"url":"http://h/x?a=1\u0026b","headers":{"A":{"id":"sec-2","endpoint_id":"vip-3"},"X.Y":"z"},"secret":{"id":"sec-936a996c-fe9b-4a78-916e-350315d96f2d","endpoint_id":""},"resource_id":"r"}}""",
    ];

    private static readonly string[] s_otherRecords =
    [
        """{"hostname":"db-7","lease_id":7587,"data_version":3,"agent":"1.0.0"}""",
        """{"hostname":"db-7","instance":"4711","version":"1.0.0","heartbeat":"10.0.0.1:1314","stopped":true,"process":"boot/pid/1/2"}""",
        """{"updated_at":"2026-01-02T03:04:05.6789012Z"}""",
        """{"id":"sec-1","endpoint_id":"vip-2","type":"aes-256-gcm","data":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}""",
        """{"id":"sec-2","endpoint_id":"vip-3","type":"aes-cfb-sha512","data":"00112233445566778899aabbccddeeff0011","hash":"00"}""",
    ];

    private static FuzzTarget[] Etcd()
    {
        string[] values = [.. s_dumps.SelectMany(static dump => dump.Etcd).Select(static pair => pair.Value.ToStringUtf8()).Where(static value => value.StartsWith('{')), .. s_moreEndpoints, .. s_otherRecords];
        var json = new JsonMutator(values);
        var keys = new ByteMutator([.. s_dumps.SelectMany(static dump => dump.Etcd).Select(static pair => pair.Key.ToByteArray()), "/link/default/10.0.0.1_32"u8.ToArray(), "/link/agents/db-7"u8.ToArray()], "/", "/link/", "link", "db-7", "vip-", "sec-");
        var words = new ByteMutator([.. s_dumps.SelectMany(static dump => dump.Etcd).Select(static pair => pair.Value.ToByteArray())]);
        var raw = new ByteMutator([new TxnResponse { Header = new ResponseHeader { Revision = 1 } }.ToByteArray()], "\n", "\x12", "\x1a", "\x08", "\x10");
        return
        [
            new FuzzTarget("etcd-records", random => OneRecord(random, json, words), ReadRecord)
            {
                Share = 150,
                InputsInTest = 25_000,
                MostPerByte = 160,
                MostAtAll = 96 * 1024,
            },
            new FuzzTarget("etcd-host", random => HostAnswer(random, json, keys, words, raw), ReadHost)
            {
                Refusals = [typeof(InvalidProtocolBufferException), typeof(EtcdException)],
                Share = 10,
                InputsInTest = 2_000,
                MostPerByte = 600,
                MostAtAll = 512 * 1024,
                Growths =
                [
                    new FuzzGrowth("prefixes_of_secrets_ids", size => HostWith(FuzzText.Repeat("sec-", size))),
                    new FuzzGrowth("mentions_of_a_secret", size => HostWith(FuzzText.Repeat("sec-1", size, "\\\""))),
                    new FuzzGrowth("references_to_secrets", size => HostWith("", string.Join(',', Enumerable.Range(0, size / 60).Select(static i => $$"""
                        "h{{i}}":{"id":"sec-{{i}}","endpoint_id":"vip-3"}
                        """)), secrets: size / 60)),
                    new FuzzGrowth("headers_that_are_none", size => HostWith("", string.Join(',', Enumerable.Range(0, size / 10).Select(static i => $"\"h{i}\":1")))),
                    new FuzzGrowth("fields_that_are_unknown", size => HostWith($"x\",{string.Join(',', Enumerable.Range(0, size / 10).Select(static i => $"\"f{i}\":1"))},\"z\":\"")),
                    new FuzzGrowth("white_space", size => HostWith($"x\",\"y\":{new string(' ', size)}[],\"z\":\"")),
                    new FuzzGrowth("keys_of_many_parts", size => new TxnResponse { Header = new ResponseHeader(), Responses = { Range(), Range(), Range([Pair($"/link/hosts/{new string('/', size)}", "{}")]), Range(), Range([Pair($"/link/secrets/hosts/{new string('/', size)}", "{}")]) } }.ToByteArray()),
                ],
            },
            new FuzzTarget("etcd-watch", random => WatchAnswer(random, json, keys, words, raw), ReadWatch)
            {
                Refusals = [typeof(InvalidProtocolBufferException)],
                Share = 150,
                InputsInTest = 20_000,
                MostPerByte = 160,
                MostAtAll = 256 * 1024,
            },
            new FuzzTarget("etcd-frames", new ByteMutator(["\0\0\0\0\x05hello"u8.ToArray(), "\0\0\0\0\0"u8.ToArray()]).Make, static input =>
            {
                if (input.Length >= GrpcFrame.HeaderSize)
                    Require(GrpcFrame.ReadLength(input) is >= 0 and <= GrpcFrame.MaximalMessage, "a length out of range");
                EtcdException fault = GrpcStatus.FromCancelReason("http://h:1", FuzzText.Of(input));
                Require(fault.Message.StartsWith("etcd http://h:1: ", StringComparison.Ordinal), "a message of another form");
            })
            {
                Refusals = [typeof(InvalidDataException)],
                Share = 100,
                InputsInTest = 20_000,
            },
        ];
    }

    /// <summary>A record, behind a byte that says of what kind.</summary>
    private static byte[] OneRecord(SimRandom random, JsonMutator json, ByteMutator words) =>
        [(byte)random.Below(5), .. random.Chance(0.95) ? json.Make(random) : words.Make(random)];

    private static void ReadRecord(byte[] input)
    {
        if (input.Length == 0)
            return;
        ReadOnlyMemory<byte> json = input.AsMemory(1);
        string? error = (input[0] % 5) switch
        {
            0 => Read(EndpointRecord.Read("k", json), static record => record.Write(), static bytes => EndpointRecord.Read("k", bytes).Error),
            1 => Read(SecretRecord.Read("k", json), static record => record.Write(), static bytes => SecretRecord.Read("k", bytes).Error),
            2 => Read(AgentRecord.Read("k", json), static record => record.Write(), static bytes => AgentRecord.Read("k", bytes).Error),
            3 => Read(HostRecord.Read("k", json), static record => record.Write(), static bytes => HostRecord.Read("k", bytes).Error),
            _ => Read(CompetitorRecord.Read("k", json), static record => record.Write(), static bytes => CompetitorRecord.Read("k", bytes).Error),
        };
        Require(error is null || (error.StartsWith("k: ", StringComparison.Ordinal) && error.Length < 300 && !error.Contains('\n')), "an error that is not one line");
    }

    /// <summary>What is written of a record can be read again.</summary>
    private static string? Read<T>(ReadResult<T> read, Func<T, byte[]> write, Func<byte[], string?> again)
        where T : class
    {
        if (read.Value is { } record)
            Require(again(write(record)) is null, "what was read cannot be written and read again");
        Require(read.Value is null != read.Error is null, "neither a record nor an error");
        return read.Error;
    }

    /// <summary>The answer that an agent gets when it starts, as etcd would give it or nearly so.</summary>
    private static byte[] HostAnswer(SimRandom random, JsonMutator json, ByteMutator keys, ByteMutator words, ByteMutator raw)
    {
        RecordedDump dump = s_dumps[random.Below(s_dumps.Length)];
        List<KeyValue> all = [.. dump.Etcd.Select(static pair => pair.Clone()), .. s_moreEndpoints.Select(static (value, i) => Pair($"/link/hosts/db-7/vip-{i + 1}", value))];
        all.Add(Pair("/link/agents/db-7", s_otherRecords[1]));
        all.Add(Pair("/link/secrets/hosts/db-7/vip-2/sec-1", s_otherRecords[3]));
        for (int changes = 1 + random.Below(3); changes > 0; changes--)
        {
            KeyValue one = all[random.Below(all.Count)];
            switch (random.Below(6))
            {
                case 0:
                    one.Key = ByteString.CopyFrom(keys.Change(random, one.Key.ToByteArray()));
                    break;
                case 1:
                    one.Value = ByteString.CopyFrom(words.Change(random, one.Value.ToByteArray()));
                    break;
                case 2:
                    (one.Lease, one.ModRevision) = ((long)random.Next(), (long)random.Next());
                    break;
                default:
                    one.Value = ByteString.CopyFrom(json.Make(random));
                    break;
            }
        }

        KeyValue[] Under(string prefix) => [.. all.Where(pair => pair.Key.ToStringUtf8().StartsWith(prefix, StringComparison.Ordinal))];
        var answer = new TxnResponse
        {
            Header = new ResponseHeader { Revision = 9 },
            Succeeded = true,
            Responses = { Range(Under("/link/config/")), Range(Under("/link/agents/")), Range(Under("/link/hosts/")), Range(), Range(Under("/link/secrets/")) },
        };
        switch (random.Below(20))
        {
            case 0:
                answer.Header = null;
                break;
            case 1:
                answer.Responses.RemoveAt(random.Below(answer.Responses.Count));
                break;
            case 2:
                answer.Responses[random.Below(answer.Responses.Count)] = random.Chance(0.5) ? new ResponseOp() : new ResponseOp { ResponseTxn = answer.Clone() };
                break;
            case 3:
                answer.Succeeded = false;
                break;
            case 4:
                return raw.Change(random, answer.ToByteArray());
        }

        return answer.ToByteArray();
    }

    private static readonly TxnRequest s_hostRequest = TxnBuilder.If().Then(Op.Get("a"), Op.Get("b"), Op.GetPrefix("c"), Op.Get("d"), Op.GetPrefix("e"));

    /// <summary>As an agent does when it starts, and when it looks for what is in old forms.</summary>
    private static void ReadHost(byte[] input)
    {
        TxnResponse answer = TxnResponse.Parser.ParseFrom(input);
        if (AnswerShape.Fault(s_hostRequest, answer) is { } wrong)
            throw new EtcdException(EtcdFailure.Unknown, "", wrong);
        HostRecords records = HostRecords.Read(FuzzedHost, answer);
        _ = ProcessIdentity.IsGone(records.Agent?.Process);
        HostData data = records.Data;
        foreach (Stored<EndpointRecord> endpoint in data.Endpoints)
        {
            Require(endpoint.Record is not null != endpoint.Error is not null, "neither a record nor an error");
            if (endpoint.Record is { } record)
                ReadStored(record, data);
        }

        MigrationPlan plan = Migrations.Plan(FuzzedHost, data.Endpoints, data.Secrets, s_ring, SecretFormat.AesGcmBound, SecretsOf);
        foreach (EndpointMigration migration in plan.Migrations)
            _ = migration.ToTransaction("k").CalculateSize();
        foreach (MigrationFault fault in plan.Faults)
            _ = fault.ToString();
        RotationPlan rotation = RotationPlan.Make(FuzzedHost, data, s_ring, SecretFormat.AesGcmBound, SecretsOf, new Dictionary<string, EndpointRecord>(), all: true);
        _ = rotation.ToBatches();
    }

    private static void ReadStored(EndpointRecord record, HostData data)
    {
        PluginSecrets secrets = SecretsOf(record.Plugin) ?? new PluginSecrets(record.Plugin, [], []);
        using JsonDocument shown = JsonDocument.Parse(EndpointSecrets.ForDisplay(record.PluginConfig, secrets.Paths));
        _ = EndpointSecrets.Referenced(FuzzedHost, record.Id, record.PluginConfig, secrets.Paths, data.Secrets);
        OpenedConfig opened = EndpointSecrets.Open(FuzzedHost, record.Id, record.PluginConfig, secrets, data.Secrets, s_ring);
        if (opened.Config is { } config)
        {
            using JsonDocument clear = JsonDocument.Parse(config.Reveal());
            ReadConfig(record.Plugin, clear.RootElement, stored: true);
        }

        ReadConfig(record.Plugin, record.ParsePluginConfig(), stored: true);
        var runner = new HealthCheckRunner(
            new HealthCheckOptions { Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(5) },
            static (_, _, _) => throw new InvalidOperationException("no round is due"), static _ => { }, TimeProvider.System, new Random(1));
        runner.Set(record.Id, record.Checks, TimeSpan.FromSeconds(record.HealthcheckInterval));
        runner.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static PluginSecrets? SecretsOf(string plugin) =>
        plugin == "exec" ? new PluginSecrets(plugin, ["environment.*"], ["command", "ip", "resource_id"]) : RecordedDump.SecretsOf(plugin);

    private static byte[] HostWith(string text, string headers = "", int secrets = 0)
    {
        string endpoint = """{"id":"vip-3","ip":"","plugin":"webhook","plugin_config":{"url":"http://h","secret":"s","resource_id":"r","headers":{HEADERS},"x":"TEXT"}}"""
            .Replace("HEADERS", headers, StringComparison.Ordinal).Replace("TEXT", text, StringComparison.Ordinal);
        IEnumerable<KeyValue> kept = Enumerable.Range(0, Math.Max(secrets, 2)).Select(static i => Pair($"/link/secrets/hosts/db-7/vip-3/sec-{i}", $$"""{"id":"sec-{{i}}","endpoint_id":"vip-3","type":"aes-256-gcm","data":"00"}"""));
        return new TxnResponse
        {
            Header = new ResponseHeader(),
            Succeeded = true,
            Responses = { Range(), Range(), Range([Pair("/link/hosts/db-7/vip-3", endpoint)]), Range(), Range([.. kept]) },
        }.ToByteArray();
    }

    private static byte[] WatchAnswer(SimRandom random, JsonMutator json, ByteMutator keys, ByteMutator words, ByteMutator raw)
    {
        var answer = new WatchResponse { Header = new ResponseHeader { Revision = (long)random.Next() >> random.Below(64) }, WatchId = random.Below(3) };
        for (int i = random.Below(5); i > 0; i--)
        {
            string key = random.Pick("/link/default/10.0.0.1_32", "/link/ips/10.0.0.1_32/b", "/link/ips/10.0.0.1_32/web-1", "/link/agents/b", "/link/ips/webhook/a/b");
            answer.Events.Add(new Event
            {
                Type = random.Chance(0.7) ? Event.Types.EventType.Put : (Event.Types.EventType)random.Below(4),
                Kv = random.Chance(0.02) ? null : new KeyValue
                {
                    Key = ByteString.CopyFrom(random.Chance(0.5) ? Encoding.UTF8.GetBytes(key) : keys.Change(random, Encoding.UTF8.GetBytes(key))),
                    Value = ByteString.CopyFrom(random.Below(3) switch { 0 => "web-1"u8.ToArray(), 1 => words.Make(random), _ => json.Make(random) }),
                    Lease = (long)random.Next() >> random.Below(64),
                    ModRevision = (long)random.Next() >> random.Below(64),
                },
            });
        }

        if (random.Chance(0.02))
            answer.Header = null;
        return random.Chance(0.1) ? raw.Change(random, answer.ToByteArray()) : answer.ToByteArray();
    }

    /// <summary>To what an Elector makes of it that has one of the endpoints.</summary>
    private static void ReadWatch(byte[] input)
    {
        WatchResponse answer = WatchResponse.Parser.ParseFrom(input);
        if (answer.Canceled || AnswerShape.Fault(answer) is not null)
            return;
        var agent = new ElectorDriver();
        agent.Serve();
        foreach (Event news in answer.Events)
        {
            if (EtcdSession.ToInput(news, agent.Options.Hostname) is { } told)
                agent.Give(told);
        }

        agent.Wait(20_000);
        Require(agent.Effects.Count < 1000, $"{agent.Effects.Count} effects of {answer.Events.Count} events");
    }

    private static KeyValue Pair(string key, string value, long revision = 1) =>
        new() { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), ModRevision = revision };

    private static ResponseOp Range(params IEnumerable<KeyValue> pairs) => new() { ResponseRange = new RangeResponse { Kvs = { pairs } } };
}
