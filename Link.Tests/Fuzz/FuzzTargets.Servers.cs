using Google.Protobuf;
using Link.Core.Etcd;
using Link.Tests.Fuzz.Mutators;
using Link.Tests.Simulation;

namespace Link.Tests.Fuzz;

/// <summary>Over the loopback: requests to a real server, and answers to a real client of etcd.</summary>
internal static partial class FuzzTargets
{
    private static readonly Lazy<FuzzedApi> s_api = new(FuzzedApi.Start);
    private static readonly Lazy<HostileMember> s_member = new(static () => Task.Run(HostileMember.StartAsync).GetAwaiter().GetResult());
    private static readonly TlsFiles s_noFiles = new(null, null, null);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static int s_sent;

    [ThreadStatic]
    private static EtcdConnection? t_connection;

    private static FuzzTarget[] Servers()
    {
        const string Chunks = "5\r\n{\"to\"\r\n6;a=b\r\n:null}\r\n0\r\nT: x\r\n\r\n";
        string[] requests =
        [
            "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /endpoints HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /ips HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /version HTTP/1.0\r\n\r\n",
            $"POST /ips/{FuzzedId}/failover HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{Chunks}GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /ips HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"ip\":\"10.0.0.1/32\"}",
            "POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            $"PATCH /endpoints/{FuzzedId} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{{\"healthchecks\":[]}}",
            $"DELETE /ips/{FuzzedId} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic dTpw\r\nCookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nOrigin: http://e\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET http://a/version HTTP/1.1\r\nHost: a\r\n\r\n",
        ];
        string[] words =
        [
            "\r\n", "\n", "\r", " ", "\t", "\0", ":", ";", "GET ", "POST ", "HEAD ", "TRACE ", " HTTP/1.1", " HTTP/1.0", " HTTP/9.9", "Host: a\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n",
            "Content-Length: 18446744073709551616\r\n", "Content-Length: 5, 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding : chunked\r\n", "Connection: close\r\n",
            "Connection: upgrade\r\nUpgrade: h2c\r\n", "Expect: 100-continue\r\n", "0\r\n\r\n", "1\r\nx\r\n", "7fffffff\r\n", "80000000\r\n", "ffffffffffff\r\n", "T: \u00e9\r\n", "/endpoints/", "/ips/", "/%2e%2e/", "%00", "/\u00e9", "?a=b", "#", "*",
        ];
        var http = new ByteMutator([.. requests.Select(FuzzText.Utf8)], words);
        var json = new JsonMutator(s_bodies);
        byte[][] messages =
        [
            new TxnResponse { Header = new ResponseHeader { Revision = 7 }, Succeeded = true, Responses = { Range([Pair("a", "b")]) } }.ToByteArray(),
            new WatchResponse { Header = new ResponseHeader { Revision = 7 }, Created = true }.ToByteArray(),
            new WatchResponse { Header = new ResponseHeader { Revision = 8 }, Events = { new Event { Kv = Pair("/link/default/k", "h") } } }.ToByteArray(),
            new WatchResponse { Canceled = true, CancelReason = "etcdserver: mvcc: required revision has been compacted", CompactRevision = 4 }.ToByteArray(),
            [],
        ];
        var frames = new ByteMutator([.. messages.Select(static message => HostileAnswer.Frame(message)), .. messages]);
        return
        [
            new FuzzTarget("http", random => [(byte)random.Next(), .. random.Chance(0.8) ? http.Make(random) : Posted(random, json)], static input =>
            {
                if (input.Length == 0)
                    return;
                s_api.Value.Send(input.AsSpan(1), input[0] * 4);
                if (Interlocked.Increment(ref s_sent) % 256 == 0)
                    s_api.Value.CheckItGoesOn();
            })
            {
                Share = 60,
                InputsInTest = 4_000,
                IsMeasured = false,
            },
            new FuzzTarget("etcd-member", random => [(byte)random.Below(64), (byte)random.Below(24), .. frames.Make(random)], AskMember)
            {
                Refusals = [typeof(EtcdException)],
                Share = 40,
                InputsInTest = 2_500,
                IsMeasured = false,
            },
        ];
    }

    private static byte[] Posted(SimRandom random, JsonMutator json)
    {
        byte[] body = json.Make(random);
        string path = s_routes[random.Below(s_routes.Length)];
        return [.. FuzzText.Utf8($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
    }

    /// <summary>A call and a stream that are answered by it.</summary>
    private static void AskMember(byte[] input)
    {
        if (input.Length < 2)
            return;
        string? status = input[1] switch { 20 => null, 21 => "", 22 => "-1", 23 => "99999999999", _ => $"{input[1]}" };
        int httpStatus = (input[0] & 31) switch { 0 => 503, 1 => 204, 2 => 302, _ => 200 };
        byte[] body = input[2..];
        var answer = new HostileAnswer(httpStatus, input[0] % 7 == 0 ? null : body, status, input[0] % 3 == 0 ? FuzzText.Of(body).Replace('\0', ' ') : null);
        HostileMember member = s_member.Value;
        string key = member.Put(answer);
        try
        {
            AskMemberAsync(member, key, isStream: (input[0] & 32) != 0).GetAwaiter().GetResult();
        }
        catch
        {
            t_connection?.Dispose();
            t_connection = null;
            throw;
        }
        finally
        {
            member.Forget(key);
        }
    }

    private static async Task AskMemberAsync(HostileMember member, string key, bool isStream)
    {
        EtcdConnection connection = t_connection ??= new EtcdConnection(member.Url, s_noFiles, s_patience, TimeProvider.System);
        if (!isStream)
        {
            TxnRequest request = TxnBuilder.If().Then(Op.Get(key));
            TxnResponse told = await connection.CallAsync(Rpc.Txn, request, null, s_patience, CancellationToken.None).ConfigureAwait(false);
            _ = told.Responses[0].ResponseRange.Kvs.Count;
            return;
        }

        using GrpcStream stream = await connection.OpenAsync(Rpc.Watch, null, s_patience, CancellationToken.None).ConfigureAwait(false);
        await stream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = ByteString.CopyFromUtf8(key) } }, CancellationToken.None).ConfigureAwait(false);
        while (true)
            _ = AnswerShape.Fault(await stream.ReadAsync(WatchResponse.Parser, CancellationToken.None).ConfigureAwait(false));
    }
}
