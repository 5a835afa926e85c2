// A plain kubectl of a pinned version, to compare manifests with (see tests/kubectl.rs).
// k8s.io/kubernetes cannot be installed as a module, so this builds the command's own library.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
