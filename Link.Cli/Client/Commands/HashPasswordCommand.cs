using System.CommandLine;
using System.Text;
using Link.Cli.CommandLine;
using Link.Core.Api.Access;

namespace Link.Cli.Client.Commands;

/// <summary><c>hash-password</c>: a line for the agent's users file. Asks no agent.</summary>
internal static class HashPasswordCommand
{
    public static Command Create(CommandBuilder builder)
    {
        Command command = builder.Make(
            "hash-password",
            "hash a password, asked for at the terminal or piped in, for API_USERS_FILE; with --user and --role, its whole line",
            [],
            "hash-password --user bob --role operate",
            "hash-password --user probe --role read < probe.password");
        Option<string?> role = new("--role") { Description = "with --user: read, operate or admin", HelpName = "ROLE", CompletionSources = { "read", "operate", "admin" } };
        command.Options.Add(role);
        builder.RunAlone(command, (console, options, parsed, cancel) => Run(console, options.Format(parsed), options.User(parsed), parsed.GetValue(role), cancel));
        return command;
    }

    private static int Run(ClientConsole console, OutputFormat format, string? user, string? role, CancellationToken cancel)
    {
        if (user is null != role is null)
        {
            throw new UsageException("--user and --role go together");
        }

        if (role is not null && RoleWord.Parse(role) is null)
        {
            throw new UsageException($"--role {role} is not known; use read, operate or admin");
        }

        if (user is not null && UserName.Fault(user) is { } wrong)
        {
            throw new UsageException($"--user {wrong}");
        }

        string password = ReadPassword(console, cancel);
        if (password.Length == 0 || password.Any(char.IsControl))
        {
            throw new UsageException(password.Length == 0 ? "the password is empty" : "the password has a line break or a control character");
        }

        string hash = PasswordHash.Create(Encoding.UTF8.GetBytes(password)).ToString();
        string line = user is null ? hash : $"{user}:{role}:{hash}";
        if (format == OutputFormat.Json)
        {
            ClientRun.WriteJson(console.Output, json =>
            {
                json.WriteStartObject();
                json.WriteString(user is null ? "hash" : "line", line);
                json.WriteEndObject();
            });
        }
        else
        {
            console.Output.WriteLine(line);
        }

        return ExitCode.Ok;
    }

    private static string ReadPassword(ClientConsole console, CancellationToken cancel)
    {
        if (console.ReadHidden is not { } readHidden)
        {
            return new GivenText(console, cancel).ReadFrom("the password", "-");
        }

        string password = Ask(console, readHidden, "Password: ", cancel);
        return Ask(console, readHidden, "Again: ", cancel) == password ? password : throw new UsageException("the two passwords are not the same");
    }

    private static string Ask(ClientConsole console, Func<string?> readHidden, string prompt, CancellationToken cancel)
    {
        console.Error.Write(prompt);

        // A read that waits for a person does not hear Ctrl-C.
        string? line = Task.Run(readHidden, cancel).WaitAsync(cancel).GetAwaiter().GetResult();
        console.Error.WriteLine();
        return line ?? throw new UsageException("no password was given");
    }
}
