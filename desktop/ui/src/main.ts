import { mount } from "svelte";
import "$lib/design/base.css";
import Root from "./Root.svelte";

const target = document.getElementById("app");
if (target) mount(Root, { target });
