using System.Collections.Frozen;
using System.Net;
using System.Text;
using Link.Core.Api.Access;
using Link.Core.Election;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Plugins.Arp;
using Link.Core.Plugins.Exec;
using Link.Core.Plugins.Outscale;
using Link.Core.Secrets;

namespace Link.Core.Agent;

internal sealed partial record AgentOptions
{
    private const string DefaultSocket = "/run/link/link.sock";
    private const string DefaultExecDirectory = "/usr/local/lib/link";

    // sockaddr_un.sun_path, less the closing NUL.
    private const int MaxSocketPathBytes = 107;
    private const int MinKeyLength = 32;
    private const int MaxHostnameLength = 255;
    private const string NewKey = "make one with link-client generate-key, put this one into SECRET_STORAGE_ALTERNATE_KEYS, and run link-client rotate-encryption-key";

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan TenthSecond = TimeSpan.FromMilliseconds(100);

    /// <param name="environment">The process's variables.</param>
    /// <param name="systemHostname">Name for a host whose HOSTNAME is not set; null asks the system.</param>
    public static AgentOptionsResult Read(IReadOnlyDictionary<string, string> environment, string? systemHostname = null)
    {
        var read = new EnvironmentReader(environment);
        var password = read.Secret("PASSWORD");
        var ensureInterval = ReadEnsureInterval(read);
        var options = new AgentOptions
        {
            Hostname = ReadHostname(read, systemHostname),
            Interface = ReadInterface(read),
            User = password is null ? "" : read.Text("USER") ?? "",
            Password = password,
            Port = read.Integer("PORT", 1313, 1, 65535),
            Bind = ReadBind(read, password is not null || read.Text("API_USERS_FILE") is not null || read.Text("API_TLS_CLIENT_CA") is not null),
            Socket = ReadSocket(read),
            ApiUsersFile = ReadPath(read, "API_USERS_FILE"),
            ApiTlsCert = ReadPath(read, "API_TLS_CERT"),
            ApiTlsKey = ReadPath(read, "API_TLS_KEY"),
            ApiTlsClientCa = ReadPath(read, "API_TLS_CLIENT_CA"),
            Loopback = read.Choice("LOOPBACK", LoopbackPolicy.Owner, ("owner", LoopbackPolicy.Owner), ("open", LoopbackPolicy.Open)),
            KeepAliveInterval = read.Duration("KEEPALIVE_INTERVAL", TimeSpan.FromSeconds(3), TenthSecond, Hour),
            KeepAliveRetry = read.Integer("KEEPALIVE_RETRY", 5, 0, 1000),
            HealthCheckInterval = read.Duration("HEALTH_CHECK_INTERVAL", TimeSpan.FromSeconds(5), TenthSecond, Hour),
            HealthCheckTimeout = read.Duration("HEALTH_CHECK_TIMEOUT", TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(10), Hour),
            FailCountBeforeFailover = read.Integer("FAIL_COUNT_BEFORE_FAILOVER", 3, 1, 1000),
            EtcdHosts = ReadEtcdHosts(read),
            EtcdTlsCert = read.Text("ETCD_TLS_CERT"),
            EtcdTlsKey = read.Text("ETCD_TLS_KEY"),
            EtcdCaCert = read.Text("ETCD_CACERT"),
            EtcdUser = read.Text("ETCD_USER"),
            EtcdPassword = read.Secret("ETCD_PASSWORD"),
            PluginEnsureInterval = ensureInterval,
            PluginEnsureMaxBackoffInterval = ReadMaxBackoff(read, ensureInterval),
            PluginFailCountBeforeFailover = read.Integer("PLUGIN_FAIL_COUNT_BEFORE_FAILOVER", 3, 0, 1000, ", where 0 means never"),
            ArpGratuitousCount = read.Integer("ARP_GRATUITOUS_COUNT", 3, 0, 1000),
            MaxNumberOfEndpoints = read.Integer("MAX_NUMBER_OF_ENDPOINTS", 1000, -1, 1_000_000, ", where -1 means no limit"),
            SecretStorageEncryptionKey = ReadKey(read),
            SecretStorageAlternateKeys = ReadAlternateKeys(read),
            SecretStorageFormat = read.Choice(
                "SECRET_STORAGE_FORMAT", SecretFormat.AesGcmBound, (SecretType.AesGcmBound, SecretFormat.AesGcmBound), (SecretType.AesGcm, SecretFormat.AesGcm),
                (SecretType.AesCfbSha512, SecretFormat.AesCfbSha512)),
            SecretStorageRequireBound = read.Choice("SECRET_STORAGE_REQUIRE_BOUND", false, ("no", false), ("yes", true)),
            OutscalePublicIpRefreshInterval = read.Duration("OUTSCALE_PUBLIC_IP_REFRESH_INTERVAL", TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), Day),
            OscEndpointApi = ReadOscEndpoint(read),
            GoEnv = read.Text("GO_ENV"),
            WebhookRefreshInterval = read.Duration("WEBHOOK_REFRESH_INTERVAL", TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), Day),
            WebhookAllow = ReadWebhookAllow(read),
            ExecDirectories = ReadExecDirectories(read),
            ProtectedAddressesExcept = ReadProtectedAddressesExcept(read),
            ExecEnvironmentAllow = ReadExecEnvironmentAllow(read),
            ExecSocket = ReadExecSocket(read),
            CoreDumps = read.Choice("CORE_DUMPS", false, ("no", false), ("yes", true)),
            OnEtcdLoss = read.Choice(
                "ON_ETCD_LOSS", EtcdLossPolicy.Claim, ("claim", EtcdLossPolicy.Claim), ("hold", EtcdLossPolicy.Hold), ("release", EtcdLossPolicy.Release)),
            OnStop = read.Choice("ON_STOP", StopPolicy.Keep, ("keep", StopPolicy.Keep), ("drain", StopPolicy.Drain), ("leave", StopPolicy.Leave)),
            LogLevel = read.Choice(
                "LOG_LEVEL", LogLevel.Info, ("debug", LogLevel.Debug), ("info", LogLevel.Info), ("warning", LogLevel.Warning), ("error", LogLevel.Error)),
            _fromEnvironment = read.Used,
        };

        RequireTogether(read, "ETCD_TLS_CERT", options.EtcdTlsCert is not null, "ETCD_TLS_KEY", options.EtcdTlsKey is not null);
        RequireTogether(read, "API_TLS_CERT", options.ApiTlsCert is not null, "API_TLS_KEY", options.ApiTlsKey is not null);
        if (options.ApiTlsClientCa is not null && options.ApiTlsCert is null && options.ApiTlsKey is null)
            read.Missing("API_TLS_CERT", "API_TLS_CLIENT_CA is: clients show certificates over TLS only; set API_TLS_CERT and API_TLS_KEY");
        RequireTogether(read, "ETCD_USER", options.EtcdUser is not null, "ETCD_PASSWORD", options.EtcdPassword is not null);
        WarnOfOpenDoors(read, options);
        WarnOfUnboundSecrets(read, options);
        WarnOfPrograms(read, options);
        return new AgentOptionsResult(read.Faults.Count == 0 ? options : null, read.Faults, read.Warnings);
    }

    private static void WarnOfOpenDoors(EnvironmentReader read, AgentOptions options)
    {
        if (options.Loopback == LoopbackPolicy.Open && !options.AsksWhoComes)
            read.Warn("LOOPBACK=open without PASSWORD: every user and program of this host can move addresses; remove it, or set PASSWORD");
        if (options.Bind.All(IPAddress.IsLoopback))
            return;
        if (!options.AsksWhoComes)
            read.Warn("BIND opens the API to the network without PASSWORD: everyone who reaches it can move addresses; set PASSWORD");
        else if (options.ApiTlsCert is null)
            read.Warn($"{(options.BasicAuth ? "PASSWORD goes" : "the passwords of API_USERS_FILE go")} over the network in clear; set API_TLS_CERT and API_TLS_KEY, or BIND=127.0.0.1,::1");
    }

    private static void WarnOfUnboundSecrets(EnvironmentReader read, AgentOptions options)
    {
        if (options.SecretStorageFormat == SecretFormat.AesGcmBound)
            return;
        string format = SecretType.Of(options.SecretStorageFormat);
        if (options.SecretStorageRequireBound)
            read.Fault("SECRET_STORAGE_FORMAT", format, "binds no secret to its destination, and SECRET_STORAGE_REQUIRE_BOUND=yes opens no other", SecretType.AesGcmBound);
        else
        {
            read.Warn(
                $"SECRET_STORAGE_FORMAT={format} binds no secret to its destination: whoever can write etcd can have it sent elsewhere; "
                + "take it out when there is no way back any more, and run link-client rotate-encryption-key");
        }
    }

    /// <summary>Said only where there may be programs.</summary>
    private static void WarnOfPrograms(EnvironmentReader read, AgentOptions options)
    {
        if (options.ExecSocket is null && options.ExecDirectories.FirstOrDefault(Directory.Exists) is { } directory)
            read.Warn($"programs below {directory} run as the agent's own user, who can read its secrets; the packages' service runs them as user link-exec (EXEC_SOCKET)");
    }

    /// <summary>What the service that runs programs needs of it.</summary>
    /// <returns>Faults: null when there are none.</returns>
    public static (IReadOnlyList<string> Directories, ProgramVariables Variables, string? Faults) ReadForPrograms(IReadOnlyDictionary<string, string> environment)
    {
        var read = new EnvironmentReader(environment);
        IReadOnlyList<string> directories = ReadExecDirectories(read);
        var variables = new ProgramVariables(ReadExecEnvironmentAllow(read));
        return (directories, variables, read.Faults.Count == 0 ? null : string.Join("; ", read.Faults));
    }

    private static string ReadHostname(EnvironmentReader read, string? systemHostname)
    {
        // Environment.MachineName would cut the name at its first dot.
        var name = read.Text("HOSTNAME") ?? systemHostname ?? Dns.GetHostName();
        var wrong = name.Length == 0 ? "is empty"
            : name.Length > MaxHostnameLength ? $"has {name.Length} characters"
            : name.Contains('/') ? "contains a /, which separates the parts of keys in etcd"
            : name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) ? "contains a space or a control character"
            : null;
        if (wrong is not null)
            read.Fault("HOSTNAME", name, wrong, $"1 to {MaxHostnameLength} characters without / and spaces");
        return name;
    }

    private static string? ReadInterface(EnvironmentReader read)
    {
        var name = read.Text("INTERFACE");
        if (name is not null && InterfaceName.Fault(name) is { } wrong)
            read.Fault("INTERFACE", name, wrong, InterfaceName.Accepts);
        return name;
    }

    /// <summary>A relative path would depend on where the agent was started.</summary>
    private static string? ReadPath(EnvironmentReader read, string variable)
    {
        string? path = read.Text(variable);
        if (path is not null && !path.StartsWith('/'))
            read.Fault(variable, path, "is not an absolute path", "the absolute path of a file");
        return path;
    }

    private static IReadOnlyList<IPAddress> ReadBind(EnvironmentReader read, bool asksWhoComes)
    {
        if (read.Text("BIND") is not { } text)
            return asksWhoComes ? [IPAddress.IPv6Any] : [IPAddress.Loopback, IPAddress.IPv6Loopback];
        if (text == "all")
            return [IPAddress.IPv6Any];

        var addresses = new List<IPAddress>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (IPAddress.TryParse(part, out var address))
                addresses.Add(address);
            else
                read.Fault("BIND", text, $"\"{part}\" is not an address", "IPv4 and IPv6 addresses, comma-separated and without port, or all");
        }

        return addresses;
    }

    private static string? ReadSocket(EnvironmentReader read)
    {
        var path = read.Text("SOCKET");
        if (path is null)
            return read.IsSet("SOCKET") ? null : DefaultSocket;
        if (path == "none")
            return null;

        const string accepts = "an absolute path of at most 107 bytes, or none";
        if (!path.StartsWith('/'))
            read.Fault("SOCKET", path, "is not an absolute path", accepts);
        else if (Encoding.UTF8.GetByteCount(path) > MaxSocketPathBytes)
            read.Fault("SOCKET", path, "is too long for a Unix socket", accepts);
        return path;
    }

    private static IReadOnlyList<string> ReadExecDirectories(EnvironmentReader read)
    {
        const string name = "EXEC_DIRECTORIES";
        if (read.Text(name) is not { } text)
            return [DefaultExecDirectory];
        if (text == "none")
            return [];

        string[] directories = text.Split(',', StringSplitOptions.TrimEntries);
        foreach (string directory in directories)
        {
            if (!directory.StartsWith('/') || directory[1..].TrimEnd('/').Split('/').Any(part => part is "" or "." or ".."))
                read.Fault(name, text, $"\"{directory}\" is not the absolute path of a directory below /", "absolute paths without . and .., comma-separated, or none");
        }

        return directories;
    }

    private static FrozenSet<HostAddress> ReadProtectedAddressesExcept(EnvironmentReader read)
    {
        const string name = "PROTECTED_ADDRESSES_EXCEPT";
        var addresses = new HashSet<HostAddress>();
        if (read.Text(name) is not { } text || text == "none")
            return FrozenSet<HostAddress>.Empty;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            // As etcd's records write it: without a prefix length, which says nothing here.
            if (HostAddress.TryParse(part, out HostAddress address))
                addresses.Add(address);
            else
                read.Fault(name, text, $"\"{part}\" is not an address", "IPv4 and IPv6 addresses without prefix length, comma-separated, or none");
        }

        return addresses.ToFrozenSet();
    }

    private static IReadOnlyList<IPNetwork> ReadWebhookAllow(EnvironmentReader read)
    {
        const string name = "WEBHOOK_ALLOW";
        if (read.Text(name) is not { } text)
            return [];
        var networks = new List<IPNetwork>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            // Nothing wider than what is written: bits behind the length are a slip.
            if (IPNetwork.TryParse(part, out IPNetwork network) && IPAddress.Parse(part[..part.IndexOf('/')]).Equals(network.BaseAddress))
                networks.Add(network);
            else if (!part.Contains('/') && IPAddress.TryParse(part, out IPAddress? address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                read.Fault(name, text, $"\"{part}\" is not an address or prefix", "addresses and prefixes (with no bit set behind its length), comma-separated, such as 169.254.10.0/24,fe80::5");
        }

        return networks;
    }

    private static IReadOnlyList<string> ReadExecEnvironmentAllow(EnvironmentReader read)
    {
        const string name = "EXEC_ENVIRONMENT_ALLOW";
        if (read.Text(name) is not { } text)
            return [];
        string[] patterns = text.Split(',', StringSplitOptions.TrimEntries);
        foreach (string pattern in patterns)
        {
            if (ProgramVariables.PatternFault(pattern) is { } wrong)
                read.Fault(name, text, $"\"{pattern}\" {wrong}", "names of variables, comma-separated, each with or without a * at its end, such as PGHOST,BACKUP_*");
        }

        return patterns;
    }

    private static string? ReadExecSocket(EnvironmentReader read)
    {
        const string name = "EXEC_SOCKET";
        string? path = read.Text(name);
        if (path is null or None)
            return null;
        if (!path.StartsWith('/') || Encoding.UTF8.GetByteCount(path) > MaxSocketPathBytes)
            read.Fault(name, path, "is not the path of a Unix socket", "an absolute path of at most 107 bytes, or none");
        return path;
    }

    private static string ReadEtcdHosts(EnvironmentReader read)
    {
        if (read.Text("ETCD_HOSTS") is { } hosts)
            return hosts;

        read.Missing("ETCD_HOSTS", "set ETCD_HOSTS=http://10.0.0.1:2379,http://10.0.0.2:2379 (the URLs of etcd's members, comma-separated)");
        return "";
    }

    private static TimeSpan ReadEnsureInterval(EnvironmentReader read)
    {
        const string name = "PLUGIN_ENSURE_INTERVAL";
        const string oldName = "ARP_GRATUITOUS_INTERVAL";
        if (read.Text(oldName) is null)
            return read.Duration(name, TimeSpan.FromSeconds(1), TenthSecond, Hour);
        if (read.Text(name) is null)
        {
            read.Warn($"{oldName} is deprecated; set {name} instead");
            return read.Duration(oldName, TimeSpan.FromSeconds(1), TenthSecond, Hour);
        }

        read.Warn($"{oldName} is deprecated and not used, because {name} is set; remove it");
        return read.Duration(name, TimeSpan.FromSeconds(1), TenthSecond, Hour);
    }

    private static TimeSpan ReadMaxBackoff(EnvironmentReader read, TimeSpan ensureInterval)
    {
        const string name = "PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL";
        var max = read.Duration(name, TimeSpan.FromMinutes(10), TenthSecond, Day);
        if (max <= ensureInterval)
            read.Fault(name, read.Text(name) ?? GoDuration.Format(max), "is not above PLUGIN_ENSURE_INTERVAL", $"a duration above {GoDuration.Format(ensureInterval)}");
        return max;
    }

    private static Uri? ReadOscEndpoint(EnvironmentReader read)
    {
        const string name = "OSC_ENDPOINT_API";
        if (read.Text(name) is not { } text)
            return null;
        Uri? endpoint = OutscaleEndpoint.Parse(text, out string? wrong);
        if (wrong is not null)
            read.Fault(name, text, wrong, OutscaleEndpoint.Accepts);
        return endpoint;
    }

    private static Secret? ReadKey(EnvironmentReader read)
    {
        var key = read.Secret("SECRET_STORAGE_ENCRYPTION_KEY", "secret-storage-encryption-key", out var source);
        if (key is not null && key.Reveal().Length < MinKeyLength)
            read.SecretFault(source, $"has {key.Reveal().Length} characters", $"{MinKeyLength} characters or more");
        else if (key is not null && KeyText.Fault(key) is { } weak)
            read.Warn($"{read.SourceOf(source)}: the key can be guessed more easily than 32 random bytes, as it {weak}; {NewKey}");
        return key;
    }

    private static IReadOnlyList<Secret> ReadAlternateKeys(EnvironmentReader read)
    {
        var text = read.Secret("SECRET_STORAGE_ALTERNATE_KEYS", "secret-storage-alternate-keys", out var source)?.Reveal() ?? "";
        var keys = source == "SECRET_STORAGE_ALTERNATE_KEYS"
            ? text.Split(',', StringSplitOptions.RemoveEmptyEntries)
            : text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i].Length < MinKeyLength)
                read.SecretFault(source, $"key {i + 1} of {keys.Length} has {keys[i].Length} characters", $"keys of {MinKeyLength} characters or more, comma-separated in the variable and one a line in a file");
            else if (KeyText.Fault(new Secret(keys[i])) is { } weak)
                read.Warn($"{read.SourceOf(source)}: key {i + 1} of {keys.Length} can be guessed more easily than 32 random bytes, as it {weak}; take it out when link-client rotate-encryption-key has run");
        }

        return [.. keys.Select(key => new Secret(key))];
    }

    private static void RequireTogether(EnvironmentReader read, string first, bool hasFirst, string second, bool hasSecond)
    {
        if (hasFirst != hasSecond)
            read.Missing(hasFirst ? second : first, $"{(hasFirst ? first : second)} is: set both or none");
    }
}
