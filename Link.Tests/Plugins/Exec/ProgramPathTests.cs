using System.Runtime.Versioning;
using Link.Core.Plugins.Exec;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Plugins.Exec;

[SupportedOSPlatform("linux")]
public sealed class ProgramPathTests(ScriptFolder folder) : IClassFixture<ScriptFolder>
{
    private readonly ScriptFolder _folder = folder;

    [Fact]
    public void A_program_of_roots_in_a_directory_of_roots_may_be_run_also_by_a_symlink()
    {
        string program = _folder.Script("good", "exit 0");
        File.CreateSymbolicLink(_folder["good-link"], "../" + Path.GetFileName(_folder.Path) + "/good");
        File.CreateSymbolicLink(_folder["shell"], "/bin/sh");
        Assert.Null(Fault(program));
        Assert.Null(Fault(_folder["good-link"]));
        Assert.Null(Fault(_folder["shell"]));
    }

    [Fact]
    public void A_program_elsewhere_is_refused()
    {
        Assert.Equal($"/bin/sh is not below {_folder.Path} or /etc/link; put it there, or a symlink to it, or change EXEC_DIRECTORIES", ProgramPath.Fault("/bin/sh", [_folder.Path, "/etc/link"]));
        Assert.StartsWith($"{_folder.Path}x/y is not below ", Fault($"{_folder.Path}x/y"), StringComparison.Ordinal);
        Assert.Equal("/bin/sh may not be run: EXEC_DIRECTORIES is none on this host", ProgramPath.Fault("/bin/sh", []));
    }

    [Fact]
    public void A_sticky_directory_such_as_tmp_is_refused_and_so_is_a_symlink_into_it()
    {
        string directory = Directory.CreateTempSubdirectory("link-exec-").FullName;
        try
        {
            string program = Path.Combine(directory, "program");
            File.Copy("/bin/true", program);
            string expected = "others than root can write directory /tmp and so replace the program; `chown root:root /tmp; chmod go-w /tmp`, or put it elsewhere";
            Assert.Equal($"{program} may not be run: {expected}", ProgramPath.Fault(program, ["/tmp"]));
            File.CreateSymbolicLink(_folder["into-tmp"], program);
            File.CreateSymbolicLink(_folder["tmp-directory"], directory);
            Assert.Equal($"{_folder["into-tmp"]} may not be run: {expected}", Fault(_folder["into-tmp"]));
            Assert.Equal($"{_folder["tmp-directory"]}/program may not be run: {expected}", Fault(_folder["tmp-directory"] + "/program"));

            // A way that only leads through it: its symlink could be another one at any time.
            File.CreateSymbolicLink(Path.Combine(directory, "back"), _folder.Path);
            _folder.Script("target", "exit 0");
            File.CreateSymbolicLink(_folder["through-tmp"], $"{directory}/back/target");
            Assert.Equal($"{_folder["through-tmp"]} may not be run: {expected}", Fault(_folder["through-tmp"]));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Directories_and_files_of_others_are_refused_and_the_error_says_what_to_do()
    {
        string directory = Directory.CreateDirectory(_folder["foreign"]).FullName;
        string program = _folder.Script("foreign/program", "exit 0");
        await Tool.RunAsync("chown", ["65534", directory]);
        Assert.Equal($"{program} may not be run: directory {directory} belongs to user 65534, who could replace the program; `chown root:root {directory}; chmod go-w {directory}`, or put it elsewhere", Fault(program));
        await Tool.RunAsync("chown", ["root", directory]);
        await Tool.RunAsync("chmod", ["g+w", directory]);
        Assert.StartsWith($"{program} may not be run: others than root can write directory {directory} ", Fault(program), StringComparison.Ordinal);
        await Tool.RunAsync("chmod", ["g-w", directory]);
        Assert.Null(Fault(program));

        await Tool.RunAsync("chown", ["65534", program]);
        Assert.Equal($"{program} may not be run: {program} belongs to user 65534, who can change it; `chown root:root {program}; chmod go-w {program}`", Fault(program));
        await Tool.RunAsync("chown", ["root", program]);
        await Tool.RunAsync("chmod", ["o+w", program]);
        Assert.Equal($"{program} may not be run: others than root can change {program}; `chown root:root {program}; chmod go-w {program}`", Fault(program));
    }

    [Fact]
    public void What_is_no_program_is_refused()
    {
        Directory.CreateDirectory(_folder["directory"]);
        File.WriteAllText(_folder["text"], "");
        File.CreateSymbolicLink(_folder["a"], "b");
        File.CreateSymbolicLink(_folder["b"], "a");
        File.CreateSymbolicLink(_folder["dangling"], "nowhere");
        Assert.Equal($"{_folder["directory"]} is a directory, not a program", Fault(_folder["directory"]));
        Assert.Contains("is not executable for the user who runs programs", Fault(_folder["text"]), StringComparison.Ordinal);
        Assert.Contains("too many symlinks at ", Fault(_folder["a"]), StringComparison.Ordinal);
        Assert.Equal($"{_folder["dangling"]} cannot be run: {_folder["nowhere"]} does not exist on this host", Fault(_folder["dangling"]));
        Assert.Equal($"{_folder["text"]}/x cannot be run: {_folder["text"]} is not a directory", Fault(_folder["text"] + "/x"));
    }

    private string? Fault(string path) => ProgramPath.Fault(path, [_folder.Path]);
}
