using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Link.Core.Etcd;
using Xunit;

namespace Link.Tests.Support;

/// <summary>
/// A real etcd cluster on loopback ports of its own:
/// <code>await using EtcdCluster etcd = await EtcdCluster.StartAsync(members: 3);
/// await using EtcdClient client = etcd.CreateClient();</code>
/// The elections of several members take some seconds; the least lease of one member is 1 s. Members are killed and their folders removed at its end, come what may.
/// </summary>
internal sealed class EtcdCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EtcdCertificates? _tls;

    private EtcdCluster(IReadOnlyList<EtcdServer> members, EtcdCertificates? tls)
    {
        Members = members;
        _tls = tls;
    }

    public IReadOnlyList<EtcdServer> Members { get; }

    /// <summary>The members' URLs, comma-separated.</summary>
    public string Urls => string.Join(',', Members.Select(member => member.ClientUrl));

    /// <param name="tls">Clients must show a certificate of this authority; traffic between members stays plain.</param>
    /// <param name="host">An address literal of the loopback, IPv6 without brackets.</param>
    /// <param name="arguments">More command line for etcd.</param>
    public static async Task<EtcdCluster> StartAsync(int members = 1, EtcdCertificates? tls = null, string host = "127.0.0.1", params string[] arguments)
    {
        IPAddress address = IPAddress.Parse(host);
        string authority = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
        string scheme = tls is null ? "http" : "https";
        var plans = Enumerable.Range(1, members)
            .Select(i => (Name: $"m{i}",
                Client: $"{scheme}://{authority}:{ReservedPorts.Take(address)}", Peer: $"http://{authority}:{ReservedPorts.Take(address)}", Health: $"http://{authority}:{ReservedPorts.Take(address)}"))
            .ToList();
        string initial = string.Join(',', plans.Select(plan => $"{plan.Name}={plan.Peer}"));
        string[] security = tls is null
            ? []
            : ["--cert-file", tls.ServerCertificateFile, "--key-file", tls.ServerKeyFile, "--client-cert-auth", "--trusted-ca-file", tls.CaFile];
        var cluster = new EtcdCluster(
            [.. plans.Select(plan => new EtcdServer(plan.Name, plan.Client, plan.Peer, plan.Health, initial, [.. security, .. arguments]))], tls);
        try
        {
            foreach (EtcdServer member in cluster.Members)
                member.Start();
            foreach (EtcdServer member in cluster.Members)
                await member.WaitUntilHealthyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Of a client that goes through a proxy.</summary>
    public static EtcdOptions OptionsOf(TcpProxy proxy, string? user = null, string? password = null) => Patiently(EtcdOptions.Parse(proxy.Url, [], user, password));

    public EtcdOptions Options(string? user = null, string? password = null)
    {
        var faults = new List<string>();
        EtcdOptions options = EtcdOptions.Parse(Urls, faults, user, password, _tls?.ClientCertificateFile, _tls?.ClientKeyFile, _tls?.CaFile);
        Assert.Empty(faults);
        return Patiently(options);
    }

    public EtcdClient CreateClient(string? user = null, string? password = null) => new(Options(user, password));

    /// <summary>The member that leads, asked of each member that runs.</summary>
    public async Task<EtcdServer> LeaderAsync()
    {
        foreach (EtcdServer member in Members.Where(member => member.IsRunning))
        {
            await using var client = new EtcdClient(Options() with { Endpoints = [new Uri(member.ClientUrl)] });
            StatusResponse status = await client.StatusAsync();
            if (status.Header.MemberId == status.Leader)
                return member;
        }
        throw new InvalidOperationException("no leader");
    }

    /// <summary>Users root and <paramref name="user"/>, who may read and write below <paramref name="prefix"/>; both have the password.</summary>
    public async Task EnableAuthenticationAsync(string user, string password, string prefix)
    {
        await ControlAsync("user", "add", $"root:{password}");
        await ControlAsync("user", "grant-role", "root", "root");
        await ControlAsync("user", "add", $"{user}:{password}");
        await ControlAsync("role", "add", "link");
        await ControlAsync("role", "grant-permission", "link", "--prefix=true", "readwrite", prefix);
        await ControlAsync("user", "grant-role", user, "link");
        await ControlAsync("auth", "enable");
    }

    /// <summary>Runs etcdctl and returns what it prints.</summary>
    public async Task<string> ControlAsync(params string[] arguments)
    {
        List<string> all = ["--endpoints", Members.First(member => member.IsRunning).ClientUrl, .. arguments];
        if (_tls is not null)
            all.InsertRange(0, ["--cacert", _tls.CaFile, "--cert", _tls.ClientCertificateFile, "--key", _tls.ClientKeyFile]);
        var start = new ProcessStartInfo("etcdctl", all) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ETCDCTL_API"] = "3";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"etcdctl {arguments[0]}: {await error}");
    }

    /// <summary>What a busy machine holds up does not fail.</summary>
    private static EtcdOptions Patiently(EtcdOptions options) => options with { RequestTimeout = Patience, ConnectTimeout = Patience };

    public ValueTask DisposeAsync()
    {
        foreach (EtcdServer member in Members)
            member.Dispose();
        return ValueTask.CompletedTask;
    }
}
